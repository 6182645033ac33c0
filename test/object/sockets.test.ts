import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import { age } from "./support/age.ts";
import { refuseWrites } from "./support/refuse-writes.ts";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

it("[PING-5] a plain ping is answered by the platform and does not wake the object", async () => {
  const { stub, token } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  await evictDurableObject(stub);
  socket.send('{"type":"ping"}');
  expect(await socket.next()).toEqual({ type: "pong" });
  // Only an object that runs can be evicted.
  await expect(evictDurableObject(stub)).rejects.toThrow(/it is not/);
  socket.send('{"type":"ping","payload":{}}');
  expect(await socket.next()).toEqual({ type: "pong", payload: {} });
  await evictDurableObject(stub);
});

it("[SILENT-3] when a limit leaves no place, the ten longest silent sockets are asked, and have ten seconds", async () => {
  const workspace = newWorkspace();
  const options = { expiresInSeconds: 100_000 };
  const token = await workspace.token(options);
  const connect = (count: number) => Promise.all(Array.from({ length: count }, () => WorkerdSocket.connect(token)));
  const silent = await connect(10);
  await age(workspace, 20_000);
  const sockets = [...silent, ...(await connect(90))];
  const refused = await WorkerdSocket.open(token);
  expect(await refused.untilClosed()).toMatchObject({ code: 1013 });
  await workspace.stub.inspect();
  const told = sockets.map((socket) => JSON.stringify(socket.take()));
  expect(told).toEqual([...Array(10).fill('[{"type":"ping"}]'), ...Array(90).fill("[]")]);

  const [alive, ...dead] = silent;
  alive?.send({ type: "pong" });
  await workspace.stub.inspect();
  await age(workspace, 5_000);
  await runDurableObjectAlarm(workspace.stub);
  expect((await workspace.stub.inspect()).sockets).toBe(100);
  await age(workspace, 6_000);
  await runDurableObjectAlarm(workspace.stub);
  for (const socket of dead) expect(await socket.untilClosed()).toMatchObject({ code: 1001 });
  expect((await workspace.stub.inspect()).sockets).toBe(91);
  await WorkerdSocket.connect(token);
});

it("[ADMIN-2] an inspection tells counts, and how far the log goes", async () => {
  const { stub, token, publish, personEvent } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  socket.subscribe("1");
  socket.subscribe("2", { recordId: "x" });
  await publish(personEvent("ada"));
  await socket.drain();
  expect(await stub.inspect()).toEqual({
    sockets: 1,
    operations: 2,
    operationsByField: { onDbEvent: 2 },
    operationsByDocument: [{ count: 2, operation: ON_DB_EVENT, hash: expect.stringMatching(/^[0-9a-f]{12}$/) }],
    ...{ streams: 0, queries: 0, invalidQueries: 0, failedMatches: 0 },
    catchingUp: 0,
    unreadBytes: expect.any(Number),
    epoch: expect.stringMatching(/^[0-9a-z]{12}$/),
    position: expect.stringMatching(/\.1$/),
    log: { from: expect.stringMatching(/\.0$/), rows: 1, bytes: expect.any(Number) },
  });
});

/** Two of these are more than an attachment holds: the second is kept in storage. */
const large = (i: number) => ({ recordId: `${i}`.repeat(7_000) });

it("a socket is closed 1012 when a frame of it cannot be handled, and no other", async () => {
  const workspace = newWorkspace();
  const [ada, ben] = [
    await WorkerdSocket.connect(await workspace.token()),
    await WorkerdSocket.connect(await workspace.token()),
  ];
  await workspace.publish(workspace.personEvent("first"));
  ada.subscribe("1", large(1));
  ben.subscribe("1");
  await Promise.all([ada.drain(), ben.drain()]);
  await refuseWrites(workspace.stub, "operations");
  ada.subscribe("2", large(2));
  expect(await ada.untilClosed()).toMatchObject({ code: 1012 });
  await workspace.publish(workspace.personEvent("second"));
  expect(await ben.next()).toMatchObject({ id: "1", type: "next" });
  expect(await workspace.stub.inspect()).toMatchObject({ sockets: 1, operations: 1 });
});

it("[SSE-14] a stream is 404 to the request that it ended because of", async () => {
  const workspace = newWorkspace();
  const headers = { Authorization: `Bearer ${await workspace.token()}`, "Content-Type": "application/json" };
  const ask = (method: string, more: Record<string, string> = {}, body?: object) =>
    exports.default.fetch("http://127.0.0.1/graphql", {
      method,
      headers: { ...headers, ...more },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const stream = { "X-GraphQL-Event-Stream-Token": await (await ask("PUT")).text() };
  const { body } = await ask("GET", { ...stream, Accept: "text/event-stream" });
  const start = async (i: number) => {
    const operation = { query: ON_DB_EVENT, variables: { input: large(i) }, extensions: { operationId: `${i}` } };
    return (await ask("POST", stream, operation)).status;
  };
  expect(await start(1)).toBe(202);
  await refuseWrites(workspace.stub, "operations");
  expect([await start(2), await start(1)]).toEqual([404, 404]);
  await body?.cancel();
});

it("[REVOKE-1] a revoke closes all that are meant, also where what one of them has in storage cannot be cleared away", async () => {
  const workspace = newWorkspace();
  const sockets = await Promise.all([1, 2, 3].map(async () => WorkerdSocket.connect(await workspace.token())));
  for (const [i, socket] of sockets.entries()) {
    socket.subscribe("1", large(1));
    socket.subscribe("2", large(2));
    socket.subscribe("3", {}, `subscription { onEventSubscription(eventStreamId: "s${i}") { eventStreamId } }`);
    await socket.drain();
  }
  await refuseWrites(workspace.stub, "operations");
  const everybody = { names: ["*"], issuedUntil: Math.floor(Date.now() / 1000), isUntilNow: true };
  expect(await workspace.stub.revoke(everybody)).toEqual({ closed: 3 });
  for (const socket of sockets) expect(await socket.untilClosed()).toMatchObject({ code: 4403 });
  expect(await workspace.stub.inspect()).toMatchObject({ sockets: 0, operations: 0 });
});

it("[CLOSE-3] a close is answered, also where what the socket has in storage cannot be cleared away", async () => {
  const workspace = newWorkspace();
  const socket = await WorkerdSocket.connect(await workspace.token());
  socket.subscribe("1", large(1));
  socket.subscribe("2", large(2));
  await socket.drain();
  await refuseWrites(workspace.stub, "operations");
  socket.close(4999, "Enough");
  expect(await socket.untilClosed()).toEqual({ code: 4999, reason: "Enough" });
  expect(await workspace.stub.inspect()).toMatchObject({ sockets: 0, operations: 0 });
});

it("a mutation that fails says nothing of how", async () => {
  const workspace = newWorkspace();
  const socket = await WorkerdSocket.connect(await workspace.token());
  socket.subscribe("1", {}, `subscription { onEventSubscription(eventStreamId: "s") { eventStreamId } }`);
  await socket.drain();
  await refuseWrites(workspace.stub, "operations");
  const input = `{ eventStreamId: "s", queryId: "q", operationSignature: {} }`;
  socket.subscribe("2", {}, `mutation { addQueryToEventStream(input: ${input}) }`);
  const [{ payload }] = (await socket.drain()) as [{ payload: unknown }];
  expect(payload).toMatchObject({
    errors: [{ message: expect.not.stringContaining("SQLITE"), extensions: { code: "INTERNAL_SERVER_ERROR" } }],
  });
});

it("a wake hears the frame that it is for, also where what others have left cannot be cleared away", async () => {
  const workspace = newWorkspace();
  const [ada, ben] = [
    await WorkerdSocket.connect(await workspace.token()),
    await WorkerdSocket.connect(await workspace.token()),
  ];
  ada.subscribe("1", large(1));
  ada.subscribe("2", large(2));
  ada.subscribe("3", {}, `subscription { onEventSubscription(eventStreamId: "s") { eventStreamId } }`);
  await ada.drain();
  await refuseWrites(workspace.stub, "operations");
  await evictDurableObject(workspace.stub);
  ada.close(4999, "Enough");
  expect(await ada.untilClosed()).toEqual({ code: 4999, reason: "Enough" });
  await evictDurableObject(workspace.stub);
  ben.subscribe("1");
  await ben.drain();
  await workspace.publish(workspace.personEvent("ada"));
  expect(await ben.next()).toMatchObject({ id: "1", type: "next" });
});
