import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { CLOSE } from "../../../src/core/protocol/close-events.ts";
import { fromLegacy, legacyRefusal, legacyReply, toLegacy } from "../../../src/core/protocol/legacy-dialect.ts";
import { nextFrame, nextFrameHead } from "../../../src/core/protocol/next-frame.ts";

const fromClient = (message: unknown) => fromLegacy(JSON.stringify(message), DEFAULT_LIMITS);

describe("the old dialect", () => {
  it.each<[string, unknown, unknown[]]>([
    [
      "connection_init",
      { type: "connection_init", payload: { token: "t" } },
      [{ type: "connection_init", payload: { token: "t" } }],
    ],
    [
      "start, over one that is in use, without extensions",
      { type: "start", id: "1", payload: { query: "q", variables: {}, extensions: { resume: {} } } },
      [
        { type: "complete", id: "1" },
        { type: "subscribe", id: "1", payload: { query: "q", variables: {} } },
      ],
    ],
    ["stop", { type: "stop", id: "1" }, [{ type: "complete", id: "1" }]],
  ])("[LEGACY-1] translates %s", (_, message, meant) => {
    expect((fromClient(message) as string[]).map((frame) => JSON.parse(frame))).toEqual(meant);
  });

  it("[LEGACY-1] takes connection_terminate for a close", () => {
    expect(fromClient({ type: "connection_terminate" })).toBe(CLOSE.NORMAL);
  });

  it.each<[string, string | ArrayBuffer]>([
    ["a message of the other dialect", '{"type":"subscribe","id":"1","payload":{"query":"q"}}'],
    ["no JSON", "x"],
    ["no object", "[]"],
    ["binary", new ArrayBuffer(1)],
    ["too deep", "[".repeat(100)],
    ["too large", " ".repeat(DEFAULT_LIMITS.MAX_FRAME_BYTES + 1)],
  ])("[LEGACY-2] closes 4400 for %s", (_, frame) => {
    expect(() => fromLegacy(frame, DEFAULT_LIMITS)).toThrow(
      expect.objectContaining({ close: expect.objectContaining({ code: 4400 }) }),
    );
  });

  it.each<[string, string, unknown[]]>([
    [
      "next",
      nextFrame(nextFrameHead("1"), '{"data":{"a":1}}'),
      [{ type: "data", id: "1", payload: { data: { a: 1 } } }],
    ],
    [
      "a next whose id looks like a type",
      nextFrame(nextFrameHead(',"type":"next",'), '{"data":{"x":0,"type":"next","y":1}}'),
      [{ type: "data", id: ',"type":"next",', payload: { data: { x: 0, type: "next", y: 1 } } }],
    ],
    ["connection_ack", '{"type":"connection_ack"}', [{ type: "connection_ack" }, { type: "ka" }]],
    ["complete", '{"type":"complete","id":"1"}', [{ type: "complete", id: "1" }]],
    [
      "error",
      '{"type":"error","id":"1","payload":[{"message":"a"},{"message":"b"}]}',
      [{ type: "error", id: "1", payload: { message: "a", errors: [{ message: "a" }, { message: "b" }] } }],
    ],
    ["ping", '{"type":"ping","payload":{"tokenExpiresAt":1}}', []],
  ])("[LEGACY-3] says %s in its own words", (_, frame, said) => {
    expect(toLegacy(frame).map((each) => JSON.parse(each))).toEqual(said);
  });

  it("[LEGACY-4] is refused by connection_error and 1011, and asked to come again by the code it has", () => {
    expect(legacyRefusal(CLOSE.FORBIDDEN)).toEqual({
      frame: '{"type":"connection_error","payload":{"message":"Forbidden"}}',
      close: { code: 1011, reason: "Forbidden" },
    });
    expect(legacyRefusal(CLOSE.OVERLOADED).close).toBe(CLOSE.OVERLOADED);
  });

  it("answers the object's pings in the client's place", () => {
    expect([legacyReply('{"type":"ping"}'), legacyReply('{"type":"pong"}')]).toEqual(['{"type":"pong"}', undefined]);
  });
});
