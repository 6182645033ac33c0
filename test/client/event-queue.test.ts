import { expect, test, vi } from "vitest";
import { EventQueueOverflowError, type EventSource, iterateEvents } from "../../client/event-queue.ts";

/** An iterator, with a handle to where its events come from. */
function queue(maxWaiting = 2) {
  const unsubscribe = vi.fn();
  const sources: EventSource[] = [];
  const iterator = iterateEvents<number>((source) => {
    sources.push(source);
    return unsubscribe;
  }, maxWaiting);
  return { iterator, sources, unsubscribe, source: () => sources[0] as EventSource };
}
const done = { done: true, value: undefined };

test("subscribes once, when it is first asked", async () => {
  const { iterator, sources, source } = queue();
  expect(sources).toHaveLength(0);
  const asked = [iterator.next(), iterator.next()];
  expect(sources).toHaveLength(1);
  source().next(1);
  source().next(2);
  expect(await Promise.all(asked)).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
  ]);
});

test("holds as many events as may wait, and fails with one more, after those", async () => {
  const { iterator, source, unsubscribe } = queue();
  const first = iterator.next();
  for (const value of [0, 1, 2]) source().next(value);
  expect(unsubscribe).not.toHaveBeenCalled();
  source().next(3);
  source().next(4);
  expect(unsubscribe).toHaveBeenCalledOnce();
  expect([await first, await iterator.next(), await iterator.next()].map(({ value }) => value)).toEqual([0, 1, 2]);
  await expect(iterator.next()).rejects.toThrow(EventQueueOverflowError);
  expect(await iterator.next()).toEqual(done);
});

test("tells a failure once, to whoever waits first, and unsubscribes", async () => {
  const { iterator, source, unsubscribe } = queue();
  const asked = [iterator.next(), iterator.next()];
  source().failed(new Error("Lost."));
  source().failed(new Error("Lost again."));
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(await iterator.next()).toEqual(done);
  expect(unsubscribe).toHaveBeenCalledOnce();
});

test("return forgets what waits, and is no failure after one", async () => {
  const { iterator, source, unsubscribe } = queue();
  const first = iterator.next();
  source().next(1);
  source().next(2);
  await first;
  expect(await iterator.return?.()).toEqual(done);
  source().next(3);
  source().failed(new Error("Too late."));
  expect(await iterator.next()).toEqual(done);
  expect(unsubscribe).toHaveBeenCalledOnce();
});

test("subscribes never when it is ended before", async () => {
  const { iterator, sources } = queue();
  await expect(iterator.throw?.(new Error("No."))).rejects.toThrow("No.");
  expect(await iterator.next()).toEqual(done);
  expect(sources).toHaveLength(0);
});
