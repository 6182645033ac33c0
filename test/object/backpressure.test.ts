import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { unpackAttachment } from "../../durable-objects/attachment.ts";
import { backpressurePong } from "../../src/core/protocol/step.ts";
import { edgeOf } from "../../src/edge/edge.ts";
import { openWorkspaceSocket } from "../../src/edge/workspace-socket.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

type Workspace = ReturnType<typeof newWorkspace>;

/** What a client would say if it knew how the edge speaks. */
const CLIENTS_PONGS = [
  { type: "pong", payload: { backpressure: true } },
  { type: "pong", payload: { backpressure: true, key: "" } },
  { type: "pong", payload: { backpressure: true, key: crypto.randomUUID() } },
];

async function connect(how: "handed through" | "relayed", workspace: Workspace): Promise<WorkerdSocket> {
  const token = await workspace.token();
  if (how === "handed through") return WorkerdSocket.connect(token);
  const socket = await WorkerdSocket.open(undefined);
  socket.send({ type: "connection_init", payload: { token } });
  await socket.next();
  return socket;
}

function edgeKeysOf({ stub }: Workspace): Promise<(string | undefined)[]> {
  return runInDurableObject(stub, (_, state) =>
    state.getWebSockets().map((socket) => unpackAttachment(socket.deserializeAttachment())?.state.edgeKey),
  );
}

it.each(["handed through", "relayed"] as const)(
  "[SLOW-1] the client of a socket %s cannot speak of backpressure in the edge's name",
  async (how) => {
    const workspace = newWorkspace();
    const socket = await connect(how, workspace);
    socket.subscribe("1");
    for (const pong of CLIENTS_PONGS) socket.send(pong);
    await socket.drain();
    await workspace.publish(workspace.personEvent("ada"));
    expect(await socket.next()).toMatchObject({ type: "next", id: "1" });
    const [edgeKey] = await edgeKeysOf(workspace);
    expect(edgeKey).toEqual(how === "relayed" ? expect.stringMatching(/^[0-9a-f-]{36}$/) : undefined);
    socket.close();
  },
);

it("[SLOW-2] the edge can, with its key, also after an eviction", async () => {
  const workspace = newWorkspace();
  const edge = edgeOf(env);
  const principal = await edge.verifier.verify(await workspace.token());
  const upgrade = { principal, subprotocol: "graphql-transport-ws", edgeKey: "the key" } as const;
  const opened = await openWorkspaceSocket(edge, upgrade);
  if ("code" in opened) throw new Error(opened.reason);
  const closed = new Promise<number>((resolve) => opened.addEventListener("close", ({ code }) => resolve(code)));
  opened.accept();
  opened.send('{"type":"connection_init"}');
  const query = "subscription { onDbEvent(input: {}) { action } }";
  opened.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query } }));
  expect((await workspace.stub.inspect()).operations).toBe(1);

  await evictDurableObject(workspace.stub);
  opened.send(backpressurePong(true, "the key"));
  // It cannot resume, so it is closed.
  expect(await closed).toBe(1013);
});

it("[REVOKE-2] an upgrade that the object refuses is answered without a socket", async () => {
  const workspace = newWorkspace();
  const edge = edgeOf(env);
  const principal = await edge.verifier.verify(await workspace.token());
  await workspace.stub.erase();
  const upgrade = { principal, subprotocol: "graphql-transport-ws" } as const;
  expect(await openWorkspaceSocket(edge, upgrade)).toEqual({ code: 4403, reason: "Revoked" });
  expect(await runInDurableObject(workspace.stub, (_, state) => state.getWebSockets().length)).toBe(0);
});
