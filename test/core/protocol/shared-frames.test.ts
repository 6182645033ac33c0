import fc from "fast-check";
import { expect, it } from "vitest";
import { nextFrameHead, nextFrameTail } from "../../../src/core/protocol/next-frame.ts";
import { type Nexts, SharedFrames } from "../../../src/core/protocol/shared-frames.ts";
import { anyText } from "../../support/any-text.ts";

const nexts = (id: string, ...payloads: readonly string[]): Nexts => {
  return { head: nextFrameHead(id), tails: payloads.map(nextFrameTail) };
};

it("[BATCH-1] puts all messages of all operations into one array, in order", () => {
  const operation = fc.tuple(anyText(), fc.array(fc.jsonValue(), { minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(operation, { minLength: 2, maxLength: 4 }), (operations) => {
      const frame = new SharedFrames().of(
        operations.map(([id, values]) => nexts(id, ...values.map((v) => JSON.stringify(v)))),
      );
      const messages = operations.flatMap(([id, values]) => values.map((payload) => ({ id, type: "next", payload })));
      expect(JSON.stringify(JSON.parse(frame))).toBe(JSON.stringify(JSON.parse(JSON.stringify(messages))));
    }),
  );
});

it("[BATCH-1] sends one message alone as it is", () => {
  expect(new SharedFrames().of([nexts("1", "{}")])).toBe('{"id":"1","type":"next","payload":{}}');
});

it("[OP-4] gives each socket what is its own, though ids, numbers of messages or payloads are those of the one before", () => {
  const frames = new SharedFrames();
  const shared = nexts("1", "{}", "[]");
  const other = nexts("1", '{"a":1}', "[]");
  const same = '[{"id":"1","type":"next","payload":{}},{"id":"1","type":"next","payload":[]}]';
  expect(frames.of([shared])).toBe(same);
  expect(frames.of([shared])).toBe(same);
  expect(frames.of([{ ...shared, head: nextFrameHead("2") }])).toBe(same.replaceAll('"1"', '"2"'));
  expect(frames.of([other])).toBe(same.replace("{}", '{"a":1}'));
  expect(frames.of([other, shared])).toBe(`${same.replace("{}", '{"a":1}').slice(0, -1)},${same.slice(1)}`);
  expect(frames.of([shared])).toBe(same);
});

it("does not hold on to the list that it was given, which the socket empties", () => {
  const frames = new SharedFrames();
  const batch = [nexts("1", "{}", "[]")];
  const frame = frames.of(batch);
  const again = [...batch];
  batch.length = 0;
  expect(frames.of(again)).toBe(frame);
  expect(frames.of([nexts("2", "1")])).toBe('{"id":"2","type":"next","payload":1}');
});

it("[OP-4] shares the frames outside a batch with the sockets that have the same number and payloads, and with no others", () => {
  const frames = new SharedFrames();
  const { head, tails } = nexts("1", "{}", "[]");
  const first = frames.each(head, tails);
  expect(first).toEqual(['{"id":"1","type":"next","payload":{}}', '{"id":"1","type":"next","payload":[]}']);
  expect(frames.each(nextFrameHead("1"), tails)).toBe(first);
  expect(frames.each(nextFrameHead("2"), tails)?.[1]).toBe('{"id":"2","type":"next","payload":[]}');
  const other = nexts("2", '{"a":1}');
  expect(frames.each(other.head, other.tails)).toEqual(['{"id":"2","type":"next","payload":{"a":1}}']);
  expect(frames.each(head, other.tails)).toEqual(['{"id":"1","type":"next","payload":{"a":1}}']);
  expect(frames.each(head, tails)).toEqual(first);
});

it.each([
  ["9".repeat(10), true],
  ["9".repeat(11), false],
  ["b6e2c1a4-9f0d-4c55-8a37-1f2e3d4c5b6a", false],
])("shares nothing of an id that was drawn at random: %s", (id, isShared) => {
  expect(new SharedFrames().each(nextFrameHead(id), []) !== undefined).toBe(isShared);
});
