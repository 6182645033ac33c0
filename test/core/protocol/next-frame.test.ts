import fc from "fast-check";
import { expect, it } from "vitest";
import { nextFrame, nextFrameHead, readNextFrame, withPosition } from "../../../src/core/protocol/next-frame.ts";
import { anyText } from "../../support/any-text.ts";

it("[OP-4] puts a shared payload behind the id of an operation", () => {
  expect(nextFrame(nextFrameHead("1"), '{"data":null}')).toBe('{"id":"1","type":"next","payload":{"data":null}}');
});

it("[OP-4] is a next message for any id and any payload", () => {
  fc.assert(
    fc.property(anyText(), fc.jsonValue(), (id, value) => {
      const payload = JSON.stringify({ data: value });
      const frame: unknown = JSON.parse(nextFrame(nextFrameHead(id), payload));
      return JSON.stringify(frame) === JSON.stringify({ id, type: "next", payload: JSON.parse(payload) });
    }),
  );
});

it("[RESUME-1] puts the position of its event into a payload", () => {
  expect(JSON.parse(withPosition('{"data":{"a":"}"}}', "cf7ea419.0123456789az.1"))).toEqual({
    data: { a: "}" },
    extensions: { position: "cf7ea419.0123456789az.1" },
  });
});

it("finds the id of a next frame without its payload, and none in other frames", () => {
  fc.assert(fc.property(anyText(), (id) => readNextFrame(nextFrame(nextFrameHead(id), "{}"))?.id === id));
  const others = ['{"id":"1","type":"error","payload":[]}', '{"type":"ping"}', '{"id":"1","type":"complete"}'];
  expect(others.map(readNextFrame)).toEqual([undefined, undefined, undefined]);
});
