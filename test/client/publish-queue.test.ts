import { expect, test } from "vitest";
import type { PublishResult } from "../../client/publish-message.ts";
import { PublishQueue, type QueuedMessage } from "../../client/publish-queue.ts";

const LIMITS = { maxMessages: 3, maxBytes: 100 };

function queued(id: string, workspaceId = "a", bytes = 10): QueuedMessage & { readonly results: PublishResult[] } {
  const results: PublishResult[] = [];
  return { id, workspaceId, text: "{}", bytes, settle: (result) => results.push(result), results };
}

function queueOf(...messages: readonly QueuedMessage[]) {
  const queue = new PublishQueue(() => 1);
  for (const message of messages) queue.add(message);
  const take = (now = 0) => queue.take(now, LIMITS).map(({ id }) => id);
  return { queue, take };
}

test("a call takes as many messages as fit, of as many workspaces", () => {
  const { take } = queueOf(queued("a1"), queued("b1", "b"), queued("b2", "b"), queued("c1", "c"));
  expect(take()).toEqual(["a1", "b1", "b2"]);
  expect(take()).toEqual(["c1"]);
  expect(take()).toEqual([]);
});

test("a call takes as many bytes as fit, and one message that is too large for it alone", () => {
  const { take } = queueOf(queued("a1", "a", 60), queued("a2", "a", 60), queued("b1", "b", 200));
  expect([take(), take()]).toEqual([["a1"], ["b1"]]);
});

test("a workspace is in one call at a time", () => {
  const { queue, take } = queueOf(...["a1", "a2", "a3", "a4"].map((id) => queued(id)), queued("b1", "b"));
  const first = queue.take(0, LIMITS);
  expect(first).toHaveLength(3);
  expect(take()).toEqual(["b1"]);
  queue.end(first, [], 0, 0);
  expect(take()).toEqual(["a4"]);
});

test("a workspace that was served goes behind the others", () => {
  const { queue, take } = queueOf(
    ...["a1", "a2", "a3", "a4"].map((id) => queued(id)),
    queued("b1", "b"),
    queued("c1", "c"),
  );
  queue.end(queue.take(0, LIMITS), [], 0, 0);
  expect(take()).toEqual(["b1", "c1", "a4"]);
});

test("what is sent again goes first, after a time that doubles, or as long as the gateway wants", () => {
  const [first, second] = [queued("a1"), queued("a2")];
  const { queue, take } = queueOf(first);
  const times: (number | undefined)[] = [];
  for (let failure = 0; failure < 8; failure++) {
    queue.end(queue.take(1e9, LIMITS), [first], 0, 0);
    times.push(queue.nextAt);
  }
  expect(times).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  queue.add(second);
  queue.end(queue.take(1e9, { ...LIMITS, maxMessages: 1 }), [first], 0, 30_000);
  expect(queue.nextAt).toBe(30_000);
  expect(take(29_999)).toEqual([]);
  expect(take(30_000)).toEqual(["a1", "a2"]);
});

test("what has failed and was first sent too long ago is given up, and nothing else is held up by it", () => {
  const failure = { code: "UNAVAILABLE", message: "Later.", retryable: true };
  const [failed, unsent, alone] = [{ ...queued("a1"), failure }, queued("a2"), { ...queued("b1", "b"), failure }];
  const { queue, take } = queueOf(alone, failed, unsent, queued("c1", "c"));
  const batch = queue.take(1000, { ...LIMITS, maxMessages: 2 });
  queue.end(batch, batch, 1000, 0);
  queue.giveUpLate(1000);
  expect([failed.results, alone.results]).toEqual([[], []]);
  queue.giveUpLate(1001);
  expect(failed.results).toEqual([{ id: "a1", workspaceId: "a", error: failure }]);
  expect(alone.results).toEqual([{ id: "b1", workspaceId: "b", error: failure }]);
  expect([queue.count, queue.bytes, unsent.results]).toEqual([2, 20, []]);
  expect(take(1e9)).toEqual(["c1", "a2"]);
});

test("counts what has no result yet", () => {
  const message = queued("a1");
  const { queue } = queueOf(message, queued("a2", "a", 5));
  expect([queue.count, queue.bytes]).toEqual([2, 15]);
  const batch = queue.take(0, LIMITS);
  expect([queue.count, queue.bytes]).toEqual([2, 15]);
  const result = { id: "a1", workspaceId: "a", position: "p", events: 1, duplicate: false };
  queue.settle(message, result);
  queue.end(batch, batch.slice(1), 0, 0);
  expect([queue.count, queue.bytes, message.results]).toEqual([1, 5, [result]]);
});
