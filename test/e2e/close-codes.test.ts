import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { personUpdated, recordNames, subscribeToAll } from "./events.ts";

const KIB = 1024;
const workspaceId = crypto.randomUUID();
let gateway: RunningGateway;
let token: string;
/** Receives while everything else here is hurt. */
let witness: RawSocket;

beforeAll(async () => {
  gateway = await startBareGateway();
  token = await gateway.token(workspaceId);
  witness = await RawSocket.connect(gateway.wsUrl, token);
  witness.send(subscribeToAll("witness"));
  await witness.drain();
});
afterAll(() => gateway.stop());

/** The two ways to the object. */
const HOWS = {
  "handed to the object": {
    open: (own = token) => RawSocket.open(gateway.wsUrl, { headers: { Authorization: `Bearer ${own}` } }),
    connect: (own = token) => RawSocket.connect(gateway.wsUrl, own),
    init: (_own = token) => ({ type: "connection_init" }),
  },
  "relayed by the edge": {
    open: (_own = token) => RawSocket.open(gateway.wsUrl),
    connect: (own = token) => RawSocket.connectRelayed(gateway.wsUrl, own),
    init: (own = token) => ({ type: "connection_init", payload: { token: own } }),
  },
} as const;

/** A text frame of a query, made as long as this by a comment in its document. */
function queryOfBytes(bytes: number, filler = "x"): string {
  const frame = (comment: string) =>
    JSON.stringify({ type: "subscribe", id: "q", payload: { query: `{ gatewayVersion } # ${comment}` } });
  const fill = bytes - frame("").length;
  const count = Math.floor(fill / Buffer.byteLength(filler));
  return frame(filler.repeat(count) + "x".repeat(fill - count * Buffer.byteLength(filler)));
}

/** A query with lists in lists; the three objects around them count as levels too. */
function queryOfDepth(levels: number): string {
  const lists = `${"[".repeat(levels - 3)}${"]".repeat(levels - 3)}`;
  return `{"type":"subscribe","id":"q","payload":{"query":"{ gatewayVersion }","extensions":{"lists":${lists}}}}`;
}

const BAD_FRAMES: readonly (readonly [
  rule: string,
  what: string,
  frame: object | string | Uint8Array,
  reason: string,
])[] = [
  ["MSG-1", "text that is no JSON", "hello", "expected JSON"],
  ["MSG-1", "an empty text", "", "expected JSON"],
  ["BATCH-3", "an array, empty or not", "[]", "expected a JSON object"],
  ["MSG-1", "null", "null", "expected a JSON object"],
  [
    "MSG-1",
    "a binary frame, whatever it holds",
    Buffer.from('{"type":"ping"}'),
    "binary frames are not part of the protocol",
  ],
  ["LIMIT-1", "a frame of 256 KiB and a byte", queryOfBytes(256 * KIB + 1), "a frame may have 262144 bytes here"],
  [
    "LIMIT-1",
    "as many bytes in fewer characters",
    queryOfBytes(256 * KIB + 1, "é"),
    "a frame may have 262144 bytes here",
  ],
  ["LIMIT-4", "JSON of 65 levels", queryOfDepth(65), "JSON may nest 64 levels"],
  ["LIMIT-4", "JSON of 100,000 levels", "[".repeat(100_000), "JSON may nest 64 levels"],
  ["MSG-2", "no type", {}, "type must be one that a client sends"],
  ["MSG-2", "an unknown type", { type: "start", id: "1" }, "type must be one that a client sends"],
  [
    "MSG-2",
    "a type that only servers send",
    { type: "next", id: "1", payload: {} },
    "type must be one that a client sends",
  ],
  ["MSG-2", "a type named like a method of objects", { type: "toString" }, "type must be one that a client sends"],
  [
    "MSG-4",
    "a subscribe without id",
    { type: "subscribe", payload: { query: "{ __typename }" } },
    "id must be a string",
  ],
  ["MSG-4", "an empty id", { type: "complete", id: "" }, "id must be a string"],
  ["LIMIT-6", "an id of 129 characters", { ...subscribeToAll("x".repeat(129)) }, "id may have 128 characters"],
  ["MSG-5", "a subscribe without payload", { type: "subscribe", id: "1" }, "payload must be an object"],
  [
    "MSG-5",
    "a query that is no string",
    { type: "subscribe", id: "1", payload: { query: 1 } },
    "payload.query must be a string",
  ],
  [
    "MSG-5",
    "variables that are no object",
    { type: "subscribe", id: "1", payload: { query: "{ __typename }", variables: "x" } },
    "payload.variables must be an object",
  ],
  ["LIMIT-3", "a ping payload past 4 KiB", pingOfBytes(4 * KIB + 1), "a ping payload may have 4096 bytes"],
];

function pingOfBytes(bytes: number): object {
  return { type: "ping", payload: { x: "x".repeat(bytes - JSON.stringify({ x: "" }).length) } };
}

const FRAMES_AT_THE_BOUND: readonly (readonly [rule: string, what: string, frame: object | string, answer: string])[] =
  [
    ["LIMIT-1", "a frame of 256 KiB", queryOfBytes(256 * KIB), "next"],
    ["LIMIT-1", "256 KiB in fewer characters", queryOfBytes(256 * KIB, "é"), "next"],
    ["LIMIT-4", "JSON of 64 levels", queryOfDepth(64), "next"],
    [
      "LIMIT-6",
      "an id of 128 characters",
      { type: "subscribe", id: "x".repeat(128), payload: { query: "{ __typename }" } },
      "next",
    ],
    ["LIMIT-3", "a ping payload of 4 KiB", pingOfBytes(4 * KIB), "pong"],
  ];

describe.each(Object.entries(HOWS))("a socket %s", (_, { open, connect, init }) => {
  test.each(BAD_FRAMES)("[%s] is closed 4400 for %s", async (_rule, _what, frame, reason) => {
    const socket = await connect();
    socket.send(frame);
    const { code, reason: told } = await socket.closed;
    expect({ code, told }).toEqual({ code: 4400, told: expect.stringContaining(`Invalid message: ${reason}`) });
  });

  test.each(FRAMES_AT_THE_BOUND)("[%s] takes %s", async (_rule, _what, frame, answer) => {
    const socket = await connect();
    socket.send(frame);
    expect(await socket.next()).toMatchObject({ type: answer });
    socket.close(1000);
  });

  test("[LIMIT-2] is closed 4400 for a connection_init past 16 KiB, and not for one of 16 KiB", async () => {
    const padded = (bytes: number) => {
      const message = { ...init(), padding: "" };
      return { ...message, padding: "x".repeat(bytes - JSON.stringify(message).length) };
    };
    const tooLarge = await open();
    tooLarge.send(padded(16 * KIB + 1));
    expect(await tooLarge.closed).toEqual({
      code: 4400,
      reason: "Invalid message: a frame may have 16384 bytes here",
    });
    const justFits = await open();
    justFits.send(padded(16 * KIB));
    expect(await justFits.next()).toEqual({ type: "connection_ack" });
    justFits.close(1000);
  });

  test("[PING-1] answers bare pings before its ack", async () => {
    const socket = await open();
    socket.send({ type: "ping" });
    expect(await socket.next()).toEqual({ type: "pong" });
    socket.send(init());
    expect(await socket.next()).toEqual({ type: "connection_ack" });
    socket.close(1000);
  });

  test.each([
    ["a subscribe", subscribeToAll("1")],
    ["a complete", { type: "complete", id: "1" }],
  ])("[AUTH-7] is closed 4401 for %s before the ack", async (_what, message) => {
    const socket = await open();
    socket.send(message);
    expect(await socket.closed).toEqual({ code: 4401, reason: "Unauthorized" });
    expect(socket.frames).toEqual([]);
  });

  test("[AUTH-7] is closed 4401 for a subscribe that comes together with connection_init and before its ack", async () => {
    const socket = await open();
    socket.send(init());
    socket.send(subscribeToAll("1"));
    const outcome = await Promise.race([socket.closed, socket.drain().then(() => "it was acknowledged in time")]);
    // An object acknowledges in the same turn, the edge has a token to verify first.
    expect([{ code: 4401, reason: "Unauthorized" }, "it was acknowledged in time"]).toContainEqual(outcome);
    socket.close(1000);
  });

  test("[REVOKE-2] is closed 4403 when the object refuses it, and leaves nothing there", async () => {
    const ownWorkspace = crypto.randomUUID();
    const own = await gateway.token(ownWorkspace);
    await fetch(`${gateway.url}/admin/workspaces/${ownWorkspace}/revoke`, {
      method: "POST",
      headers: { Authorization: `Bearer ${DEV_BINDINGS.ADMIN_SECRETS}` },
      body: JSON.stringify({ all: true }),
    });
    const socket = await open(own);
    socket.send(init(own));
    expect(await socket.closed).toEqual({ code: 4403, reason: "Revoked" });
    expect(socket.frames).toEqual([]);
    expect((await gateway.inspect(ownWorkspace)).sockets).toBe(0);
  });

  test("[OP-2] is closed 4409 for an id that is running, naming it", async () => {
    const socket = await connect();
    socket.send(subscribeToAll("twice"));
    socket.send(subscribeToAll("twice"));
    expect(await socket.closed).toEqual({ code: 4409, reason: "Subscriber for twice already exists" });
  });

  test("[AUTH-8] is closed 4429 for a second connection_init", async () => {
    const socket = await connect();
    socket.send(init());
    expect(await socket.closed).toEqual({ code: 4429, reason: "Too many initialisation requests" });
  });

  test("[AUTH-8] is closed 4429 for two connection_init in a row", async () => {
    const socket = await open();
    socket.send(init());
    socket.send(init());
    expect(await socket.closed).toEqual({ code: 4429, reason: "Too many initialisation requests" });
  });

  test.each([
    ["with a code of its own", (socket: RawSocket) => socket.close(4123, "Moving"), { code: 4123, reason: "Moving" }],
    ["with 1000", (socket: RawSocket) => socket.close(1000), { code: 1000, reason: "" }],
    ["with 1001, as browsers do", (socket: RawSocket) => socket.close(1001), { code: 1001, reason: "" }],
    ["without a code", (socket: RawSocket) => socket.close(), { code: 1000, reason: "Bye" }],
    ["without a close frame", (socket: RawSocket) => socket.terminate(), { code: 1006, reason: "" }],
  ])(
    "[CLOSE-3] that its client closes %s is closed in return and forgotten by the object",
    async (_what, close, answer) => {
      const ownWorkspace = crypto.randomUUID();
      const socket = await connect(await gateway.token(ownWorkspace));
      socket.send(subscribeToAll("1"));
      await gateway.until(ownWorkspace, "the subscription", ({ operations }) => operations === 1);
      close(socket);
      expect(await socket.closed).toEqual(answer);
      await gateway.until(ownWorkspace, "the socket to be gone", (report) => report.sockets + report.operations === 0);
    },
  );

  test("leaves others alone when it is closed", async () => {
    const name = crypto.randomUUID();
    await gateway.publish(personUpdated(workspaceId, name));
    expect(recordNames([await witness.next()])).toEqual([name]);
  });
});

test("nothing of all that was an exception which nobody caught", async () => {
  await gateway.until(workspaceId, "only the witness to be left", ({ sockets }) => sockets === 1);
  expect(gateway.logs()).not.toMatch(/uncaught|unexpected|could not/i);
});
