import fc from "fast-check";
import { expect, it } from "vitest";
import { BatchFrames, type Nexts } from "../../../src/core/protocol/batch-frames.ts";
import { nextFrameHead, nextFrameTail } from "../../../src/core/protocol/next-frame.ts";
import { anyText } from "../../support/any-text.ts";

const nexts = (id: string, ...payloads: readonly string[]): Nexts => {
  return { head: nextFrameHead(id), tails: payloads.map(nextFrameTail) };
};

it("[BATCH-1] puts all messages of all operations into one array, in order", () => {
  const operation = fc.tuple(anyText(), fc.array(fc.jsonValue(), { minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(operation, { minLength: 2, maxLength: 4 }), (operations) => {
      const frame = new BatchFrames().of(
        operations.map(([id, values]) => nexts(id, ...values.map((v) => JSON.stringify(v)))),
      );
      const messages = operations.flatMap(([id, values]) => values.map((payload) => ({ id, type: "next", payload })));
      expect(JSON.stringify(JSON.parse(frame))).toBe(JSON.stringify(JSON.parse(JSON.stringify(messages))));
    }),
  );
});

it("[BATCH-1] sends one message alone as it is", () => {
  expect(new BatchFrames().of([nexts("1", "{}")])).toBe('{"id":"1","type":"next","payload":{}}');
});

it("[OP-4] gives each socket what is its own, though ids, numbers of messages or payloads are those of the one before", () => {
  const frames = new BatchFrames();
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
  const frames = new BatchFrames();
  const batch = [nexts("1", "{}", "[]")];
  const frame = frames.of(batch);
  const again = [...batch];
  batch.length = 0;
  expect(frames.of(again)).toBe(frame);
  expect(frames.of([nexts("2", "1")])).toBe('{"id":"2","type":"next","payload":1}');
});
