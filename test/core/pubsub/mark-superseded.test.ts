import { expect, it } from "vitest";
import { markSuperseded } from "../../../src/core/pubsub/mark-superseded.ts";
import type { Message, RecordMessage } from "../../../src/core/pubsub/message.ts";
import { MemoryRecordTimes } from "../../../src/core/pubsub/record-times.ts";
import { describeRecordTimes } from "../../support/record-times-contract.ts";

describeRecordTimes("MemoryRecordTimes", () => new MemoryRecordTimes());

const batch = (action: RecordMessage["action"], ...times: readonly (string | undefined)[]): RecordMessage => ({
  kind: "record",
  objectNameSingular: "person",
  action,
  events: times.map((updatedAt) => ({ recordId: "1", properties: { after: { id: "1", updatedAt } } })),
});
const supersededIn = (message: Message) =>
  (message as RecordMessage).events.map(({ superseded }) => superseded === true);

it("[ORDER-1] an update that is older than the newest change of its record is marked, within a message too", () => {
  const times = new MemoryRecordTimes();
  const mark = (message: RecordMessage) => supersededIn(markSuperseded(message, times, 1));
  expect(mark(batch("created", "2026-01-01T00:00:02Z"))).toEqual([false]);
  expect(mark(batch("updated", "2026-01-01T00:00:03Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:03.000Z"))).toEqual([
    ...[false, true, false],
  ]);
  expect(mark(batch("updated", "2026-01-01T01:00:02+01:00"))).toEqual([true]);
  expect(mark(batch("updated", "2026-01-01T00:00:04Z"))).toEqual([false]);
});

it("[ORDER-1] nothing else is: other actions, records without a time, other objects", () => {
  const times = new MemoryRecordTimes();
  const mark = (message: RecordMessage) => supersededIn(markSuperseded(message, times, 1));
  mark(batch("updated", "2026-01-01T00:00:09Z"));
  expect(mark(batch("deleted", "2026-01-01T00:00:01Z"))).toEqual([false]);
  expect(mark(batch("updated", undefined, "yesterday"))).toEqual([false, false]);
  expect(mark({ ...batch("updated", "2026-01-01T00:00:01Z"), objectNameSingular: "company" })).toEqual([false]);
  const channel: Message = { kind: "channel", channel: "x", payload: 1 };
  expect(markSuperseded(channel, times, 1)).toBe(channel);
});

it("notes the offset of each event, so that it is forgotten with it", () => {
  const times = new MemoryRecordTimes();
  markSuperseded(batch("updated", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"), times, 7);
  times.forget(7);
  expect(times.newest("person", "1")).toBe(Date.parse("2026-01-01T00:00:02Z"));
  times.forget(8);
  expect(times.newest("person", "1")).toBeUndefined();
});
