import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import type { CloseEvent } from "../../src/core/protocol/close-events.ts";
import { type Edge, edgeOf } from "../../src/edge/edge.ts";
import { relaySocket } from "../../src/edge/relay.ts";
import type { SpokenSubprotocol } from "../../src/edge/subprotocols.ts";
import { ON_DB_EVENT } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const INIT = { type: "connection_init", payload: { token: "any" } };
const START = { type: "start", id: "1", payload: { query: ON_DB_EVENT, variables: { input: {} } } };
const STARTS_QUERY = { type: "start", payload: { query: "{ __typename }" } };

/** A client that is relayed, whose token is looked at until the test says what came of it. */
function relayedClient(subprotocol: SpokenSubprotocol) {
  const workspace = newWorkspace();
  const real = edgeOf(env);
  const getByName = vi.fn<typeof env.WORKSPACES.getByName>((name) => env.WORKSPACES.getByName(name));
  const WORKSPACES = { getByName } as unknown as typeof env.WORKSPACES;
  let verified: () => void = () => undefined;
  const isVerified = new Promise<void>((resolve) => (verified = resolve));
  const verify = vi.fn(async () => {
    await isVerified;
    return real.verifier.verify(await workspace.token());
  });
  const edge: Edge = { ...real, env: { ...env, WORKSPACES }, verifier: { verify } };
  const { webSocket } = relaySocket({ subprotocol, address: "here", principal: undefined }, edge);
  if (webSocket === null) throw new Error("No socket.");
  const frames: string[] = [];
  webSocket.addEventListener("message", ({ data }) => frames.push(String(data)));
  const closed = new Promise<CloseEvent>((resolve) => {
    webSocket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  webSocket.accept();
  return {
    workspace,
    /** Calls are askings for the workspace's object. */
    getByName,
    frames,
    closed,
    verified,
    /** Waits until the relay has heard of it. */
    isVerified: () => vi.waitFor(() => expect(verify.mock.settledResults[0]?.type).toBe("fulfilled")),
    send: (...messages: object[]) => {
      for (const message of messages) webSocket.send(JSON.stringify(message));
    },
    /** Waits for so many frames, other than those that keep alive, and gives them back. */
    async next(count: number): Promise<unknown[]> {
      const isEnough = () => frames.filter((frame) => frame !== '{"type":"ka"}').length >= count;
      await vi.waitFor(() => expect(isEnough()).toBe(true), { timeout: 10_000 });
      return frames
        .splice(0)
        .filter((frame) => frame !== '{"type":"ka"}')
        .map((frame) => JSON.parse(frame));
    },
    close: () => webSocket.close(1000),
  };
}

it("[LEGACY-8] an old client is heard in order with what it sent before its token was verified", async () => {
  const client = relayedClient("graphql-ws");
  client.send(INIT, { ...STARTS_QUERY, id: "a" }, START, { type: "stop", id: "1" }, { ...STARTS_QUERY, id: "b" });
  client.verified();
  expect(await client.next(5)).toMatchObject([
    { type: "connection_ack" },
    { type: "data", id: "a" },
    { type: "complete", id: "a" },
    { type: "data", id: "b" },
    { type: "complete", id: "b" },
  ]);
  expect((await client.workspace.stub.inspect()).operations).toBe(0);
  client.close();
});

it("[LEGACY-8] [AUTH-8] a second connection_init is no more welcome for coming early", async () => {
  const client = relayedClient("graphql-ws");
  client.send(INIT, INIT);
  client.verified();
  expect(await client.closed).toMatchObject({ code: 4429 });
});

it.each([
  ["frames", Array.from({ length: 201 }, (_, i) => ({ type: "stop", id: `${i}` }))],
  ["bytes", Array.from({ length: 5 }, (_, i) => ({ ...STARTS_QUERY, id: `${i}`, padding: "x".repeat(60_000) }))],
])("[LEGACY-8] an old client that sends too many %s before its token was verified is closed 1013", async (_, many) => {
  const client = relayedClient("graphql-ws");
  client.send(INIT, ...many);
  expect(await client.closed).toEqual({
    code: 1013,
    reason: "Sends too much before the ack (MAX_OPERATIONS_PER_SOCKET, MAX_FRAME_BYTES)",
  });
});

it("[AUTH-7] a client of graphql-transport-ws that subscribes before its token was verified is closed 4401", async () => {
  const client = relayedClient("graphql-transport-ws");
  client.send(INIT, { type: "subscribe", id: "1", payload: { query: ON_DB_EVENT, variables: { input: {} } } });
  expect(await client.closed).toEqual({ code: 4401, reason: "Unauthorized" });
});

it("[CONN-7] a client whose token is looked at for too long is closed 1013", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const client = relayedClient("graphql-transport-ws");
    client.send(INIT, { type: "ping" });
    await client.next(1);
    vi.advanceTimersByTime(30_000);
    expect(await client.closed).toEqual({ code: 1013, reason: "Try again later" });
  } finally {
    vi.useRealTimers();
  }
});

it("[CLOSE-3] a client that goes while its token is looked at leaves no socket in the object", async () => {
  const client = relayedClient("graphql-transport-ws");
  client.send(INIT);
  client.close();
  await client.closed;
  client.verified();
  await client.isVerified();
  expect(client.getByName).not.toHaveBeenCalled();
});

it.each(["graphql-transport-ws", "graphql-ws"] as const)(
  "[REVOKE-2] a client of %s is told when the object refuses it",
  async (subprotocol) => {
    const client = relayedClient(subprotocol);
    await client.workspace.stub.erase();
    client.send(INIT);
    client.verified();
    const isOld = subprotocol === "graphql-ws";
    expect(await client.closed).toEqual({ code: isOld ? 1011 : 4403, reason: "Revoked" });
    expect(client.frames).toEqual(isOld ? ['{"type":"connection_error","payload":{"message":"Revoked"}}'] : []);
  },
);
