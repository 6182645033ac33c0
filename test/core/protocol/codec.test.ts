import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { encodeServerMessage, ProtocolViolation, parseClientMessage } from "../../../src/core/protocol/codec.ts";

const SUBSCRIBE = { type: "subscribe", id: "1", payload: { query: "{ a }" } };

const parse = (frame: string | ArrayBuffer, maxBytes: number = DEFAULT_LIMITS.MAX_FRAME_BYTES, limits = {}) =>
  parseClientMessage(frame, maxBytes, { ...DEFAULT_LIMITS, ...limits });

/** The close that answers a frame; undefined when the frame is a message. */
function closeOf(...args: Parameters<typeof parse>) {
  try {
    parse(...args);
  } catch (thrown) {
    if (thrown instanceof ProtocolViolation) return thrown.close;
    throw thrown;
  }
  return undefined;
}

const bytesOf = (text: string) => new TextEncoder().encode(text).length;
const subscribe = (payload: unknown, id: unknown = "1") => JSON.stringify({ type: "subscribe", id, payload });

describe("parseClientMessage", () => {
  it.each([
    ['{"type":"connection_init"}', { type: "connection_init" }],
    ['{"type":"connection_init","payload":null}', { type: "connection_init" }],
    ['{"type":"connection_init","payload":{"token":"t"}}', { type: "connection_init", payload: { token: "t" } }],
    ['{"type":"ping"}', { type: "ping" }],
    ['{"type":"ping","payload":null}', { type: "ping" }],
    ['{"type":"ping","payload":{}}', { type: "ping", payload: {} }],
    ['{"type":"pong","payload":{"n":1}}', { type: "pong", payload: { n: 1 } }],
    ['{"type":"complete","id":"1"}', { type: "complete", id: "1" }],
    [JSON.stringify(SUBSCRIBE), SUBSCRIBE],
    [
      subscribe({ query: "", operationName: "", variables: {}, extensions: {} }, " "),
      {
        type: "subscribe",
        id: " ",
        payload: { query: "", operationName: "", variables: {}, extensions: {} },
      },
    ],
    [subscribe({ query: "{ a }", operationName: null, variables: null, extensions: null }), SUBSCRIBE],
  ])("reads %s", (frame, message) => expect(parse(frame)).toEqual(message));

  it("[MSG-3] ignores members that it does not know", () => {
    const payload = { ...SUBSCRIBE.payload, extra: 1 };
    expect(parse(JSON.stringify({ ...SUBSCRIBE, payload, extra: 1 }))).toEqual(SUBSCRIBE);
    expect(parse('{"type":"connection_init","id":7,"query":[]}')).toEqual({ type: "connection_init" });
    expect(parse('{"type":"ping","payload":null,"id":{}}')).toEqual({ type: "ping" });
  });

  it.each([
    ["a binary frame", new ArrayBuffer(2)],
    ["a binary frame that holds a message", new TextEncoder().encode('{"type":"ping"}').buffer],
    ["nothing", ""],
    ["no JSON", "{"],
    ["two messages", '{"type":"ping"}{"type":"ping"}'],
    ["a message and a comma", '{"type":"ping"},'],
    ["a list of messages", '[{"type":"ping"}]'],
    ["null", "null"],
    ["a text", '"ping"'],
    ["a number", "1"],
    ["a bare word", "ping"],
    ["a byte order mark", '\uFEFF{"type":"ping"}'],
  ])("[MSG-1] closes 4400 for %s", (_, frame) => expect(closeOf(frame)?.code).toBe(4400));

  it.each(["[]", '[{"type":"ping"}]', '[{"type":"ping"},{"type":"ping"}]'])("[BATCH-3] closes 4400 for %s", (frame) => {
    expect(closeOf(frame)).toEqual({ code: 4400, reason: "Invalid message: expected a JSON object" });
  });

  it.each([
    ["no type", "{}"],
    ["a type that nobody knows", '{"type":"hello"}'],
    ["a type of the server", '{"type":"next","id":"1","payload":{}}'],
    ["another one", '{"type":"connection_ack"}'],
    ["a type of the old dialect", '{"type":"start","id":"1","payload":{"query":"{ a }"}}'],
    ["another case of letters", '{"type":"PING"}'],
    ["a type that is no text", '{"type":["ping"]}'],
    ["a type that every object inherits", '{"type":"constructor"}'],
    ["a type in the prototype", '{"__proto__":{"type":"ping"}}'],
  ])("[MSG-2] closes 4400 for %s", (_, frame) => expect(closeOf(frame)?.code).toBe(4400));

  it.each([
    ["no id", '{"type":"complete"}'],
    ["null as an id", '{"type":"complete","id":null}'],
    ["a number as an id", '{"type":"complete","id":1}'],
    ["an empty id", '{"type":"complete","id":""}'],
    ["no id for a subscribe", '{"type":"subscribe","payload":{"query":"{ a }"}}'],
    ["a list as an id", subscribe({ query: "{ a }" }, ["1"])],
  ])("[MSG-4] closes 4400 for %s", (_, frame) => expect(closeOf(frame)?.code).toBe(4400));

  it.each([
    ["no payload", '{"type":"subscribe","id":"1"}'],
    ["null as the payload", subscribe(null)],
    ["a list as the payload", subscribe([])],
    ["no query", subscribe({})],
    ["a query that is no text", subscribe({ query: { kind: "Document" } })],
    ["an operationName that is no text", subscribe({ query: "{ a }", operationName: 1 })],
    ["variables in a text", subscribe({ query: "{ a }", variables: "{}" })],
    ["variables in a list", subscribe({ query: "{ a }", variables: [] })],
    ["extensions that are no object", subscribe({ query: "{ a }", extensions: true })],
  ])("[MSG-5] closes 4400 for a subscribe with %s", (_, frame) => expect(closeOf(frame)?.code).toBe(4400));

  it.each(["connection_init", "ping", "pong"])("[MSG-6] closes 4400 for a %s whose payload is no object", (type) => {
    for (const payload of [1, "x", true, []]) {
      expect(closeOf(JSON.stringify({ type, payload }))?.code).toBe(4400);
    }
  });

  it("says in the reason what is wrong", () => {
    expect(closeOf("{")?.reason).toBe("Invalid message: expected JSON");
    expect(closeOf(subscribe({}))?.reason).toBe("Invalid message: payload.query must be a string");
  });
});

describe("the limits of a frame", () => {
  it("[LIMIT-1] are its bytes in UTF-8, both sides", () => {
    const frame = (text: string) => subscribe({ query: text });
    const [ascii, wide] = [frame("x".repeat(999)), frame("漢".repeat(333))];
    expect(bytesOf(ascii)).toBe(bytesOf(wide));
    for (const text of [ascii, wide]) {
      expect(closeOf(text, bytesOf(ascii))).toBeUndefined();
      expect(closeOf(text, bytesOf(ascii) - 1)?.code).toBe(4400);
    }
  });

  it("[LIMIT-3] are the bytes of a ping's payload, both sides", () => {
    const ping = (bytes: number, filler: string) =>
      JSON.stringify({ type: "ping", payload: { a: filler.repeat((bytes - bytesOf('{"a":""}')) / bytesOf(filler)) } });
    for (const filler of ["x", "é"]) {
      expect(closeOf(ping(4096, filler))).toBeUndefined();
      expect(closeOf(ping(4098, filler))?.code).toBe(4400);
    }
  });

  it("[LIMIT-4] are the levels of JSON, both sides", () => {
    const nested = (levels: number) => `{"type":"ping","payload":${'{"a":'.repeat(levels - 1)}1${"}".repeat(levels)}`;
    expect(closeOf(nested(64))).toBeUndefined();
    expect(closeOf(nested(65))?.code).toBe(4400);
  });

  it("[LIMIT-4] are looked at before anything is parsed", () => {
    expect(closeOf(`${"[".repeat(100_000)}`)?.reason).toBe("Invalid message: JSON may nest 64 levels");
  });

  it("[LIMIT-6] are the characters of an id, both sides", () => {
    for (const letter of ["x", "漢"]) {
      for (const frame of [
        (id: string) => subscribe({ query: "" }, id),
        (id: string) => `{"type":"complete","id":"${id}"}`,
      ]) {
        expect(closeOf(frame(letter.repeat(128)))).toBeUndefined();
        expect(closeOf(frame(letter.repeat(129)))?.code).toBe(4400);
      }
    }
  });
});

describe("encodeServerMessage", () => {
  it.each([
    [{ type: "connection_ack" } as const, '{"type":"connection_ack"}'],
    [{ type: "pong" } as const, '{"type":"pong"}'],
    [{ id: '"', type: "complete" } as const, '{"id":"\\"","type":"complete"}'],
  ])("writes %j", (message, frame) => expect(encodeServerMessage(message)).toBe(frame));
});
