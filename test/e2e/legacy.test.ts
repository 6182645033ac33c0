import { SubscriptionClient } from "subscriptions-transport-ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { ON_DB_EVENT, personUpdated } from "./events.ts";

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startBareGateway();
});

afterAll(() => gateway.stop());

const LEGACY = { protocols: ["graphql-ws"] };
const start = (id: string) => ({ type: "start", id, payload: { query: ON_DB_EVENT, variables: { input: {} } } });

/** The next frames that are no keep-alive. */
async function nextFrames(socket: RawSocket, count: number): Promise<unknown[]> {
  const frames: unknown[] = [];
  while (frames.length < count) {
    const frame = await socket.next();
    if (frame["type"] !== "ka") frames.push(frame);
  }
  return frames;
}

describe("a client of subscriptions-transport-ws", () => {
  it.each(["in connection_init", "in the header"])("[LEGACY-5] receives events with its token %s", async (where) => {
    const workspaceId = crypto.randomUUID();
    const token = await gateway.token(workspaceId);
    const headers = where === "in the header" ? { Authorization: `Bearer ${token}` } : {};
    const socket = await RawSocket.open(gateway.wsUrl, { ...LEGACY, headers });
    expect(socket.protocol).toBe("graphql-ws");
    socket.send({
      type: "connection_init",
      payload: where === "in the header" ? {} : { authorization: `Bearer ${token}` },
    });
    expect(await nextFrames(socket, 1)).toEqual([{ type: "connection_ack" }]);
    socket.send(start("1"));
    socket.send(start("1"));
    await gateway.until(workspaceId, "the subscription", ({ operations }) => operations === 1);
    await gateway.publish(personUpdated(workspaceId, "ada"));
    expect(await nextFrames(socket, 1)).toMatchObject([
      { type: "data", id: "1", payload: { data: { onDbEvent: { record: { name: "ada" } } } } },
    ]);
    socket.send({ type: "stop", id: "1" });
    await gateway.until(workspaceId, "its end", ({ operations }) => operations === 0);
    socket.send({ type: "connection_terminate" });
    expect(await socket.closed).toMatchObject({ code: 1000 });
  });

  it.each<[string, object]>([
    ["no token", {}],
    ["a bad token", { authorization: "Bearer x.y.z" }],
  ])("[LEGACY-4] is told connection_error and closed 1011 with %s", async (_, payload) => {
    const socket = await RawSocket.open(gateway.wsUrl, LEGACY);
    socket.send({ type: "connection_init", payload });
    expect(await socket.next()).toMatchObject({ type: "connection_error", payload: { message: expect.any(String) } });
    expect(await socket.closed).toMatchObject({ code: 1011 });
  });

  it("[LEGACY-6] is closed 4401 when it starts before connection_init", async () => {
    const socket = await RawSocket.open(gateway.wsUrl, LEGACY);
    socket.send(start("1"));
    expect(await socket.closed).toEqual({ code: 4401, reason: "Unauthorized" });
  });

  it("[LEGACY-8] may be the stock one, which starts before its ack", async () => {
    const workspaceId = crypto.randomUUID();
    const connectionParams = { authorization: await gateway.token(workspaceId) };
    const client = new SubscriptionClient(gateway.wsUrl, { connectionParams }, WebSocket);
    const request = client.request({ query: ON_DB_EVENT, variables: { input: {} } });
    const first = new Promise<unknown>((resolve, reject) => {
      request.subscribe({ next: resolve, error: reject });
      client.onDisconnected(() => reject(new Error("It was disconnected.")));
    });
    await gateway.until(workspaceId, "the subscription", ({ operations }) => operations === 1);
    await gateway.publish(personUpdated(workspaceId, "ada"));
    expect(await first).toMatchObject({ data: { onDbEvent: { record: { name: "ada" } } } });
    client.close();
    await gateway.until(workspaceId, "its end", ({ sockets }) => sockets === 0);
  });

  it("[LEGACY-8] has what it sent before its ack heard in order", async () => {
    const workspaceId = crypto.randomUUID();
    const socket = await RawSocket.open(gateway.wsUrl, LEGACY);
    socket.send({ type: "connection_init", payload: { authorization: await gateway.token(workspaceId) } });
    socket.send(start("stopped"));
    socket.send({ type: "start", id: "query", payload: { query: "{ __typename }" } });
    socket.send({ type: "stop", id: "stopped" });
    socket.send(start("live"));
    expect(await nextFrames(socket, 3)).toMatchObject([
      { type: "connection_ack" },
      { type: "data", id: "query" },
      { type: "complete", id: "query" },
    ]);
    await gateway.until(workspaceId, "the other subscription", ({ operations }) => operations === 1);
    await gateway.publish(personUpdated(workspaceId, "ada"));
    expect(await nextFrames(socket, 1)).toMatchObject([{ type: "data", id: "live" }]);
    socket.close(1000);
  });

  it("[LEGACY-8] is refused as ever when it starts with a bad token", async () => {
    const socket = await RawSocket.open(gateway.wsUrl, LEGACY);
    socket.send({ type: "connection_init", payload: { authorization: "Bearer x.y.z" } });
    socket.send(start("1"));
    expect(await socket.next()).toMatchObject({ type: "connection_error" });
    expect(await socket.closed).toMatchObject({ code: 1011 });
  });

  it("[LEGACY-7] gets the errors of one operation as its error, and goes on", async () => {
    const workspaceId = crypto.randomUUID();
    const socket = await RawSocket.open(gateway.wsUrl, LEGACY);
    socket.send({ type: "connection_init", payload: { authorization: await gateway.token(workspaceId) } });
    await nextFrames(socket, 1);
    socket.send({ type: "start", id: "1", payload: { query: "subscription { nothing }" } });
    socket.send({ type: "start", id: "2", payload: { query: "{ __typename }" } });
    expect(await nextFrames(socket, 3)).toMatchObject([
      { type: "error", id: "1", payload: { message: expect.any(String), errors: [{}] } },
      { type: "data", id: "2", payload: { data: { __typename: "Query" } } },
      { type: "complete", id: "2" },
    ]);
  });
});
