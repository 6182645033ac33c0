import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createReconnect } from "../../client/reconnect.ts";
import { FakePage } from "./support/fake-page.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const close = (code: number) => ({ code, reason: "", wasClean: true });

/** How long the next wait takes. */
async function waitOf(reconnect: ReturnType<typeof createReconnect>): Promise<number> {
  const began = Date.now();
  let ended = 0;
  void reconnect.retryWait().then(() => {
    ended = Date.now();
  });
  await vi.advanceTimersByTimeAsync(120_000);
  return ended - began;
}

test("[C21] the waits are bounded by 1 s, 2 s, 4 s, and so on to 30 s", async () => {
  const reconnect = createReconnect(() => 1);
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++) waits.push(await waitOf(reconnect));
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test("[C21] and drawn at random from nothing to that", async () => {
  const draws = [0, 0.25, 0.999];
  const reconnect = createReconnect(() => draws.shift() ?? 0);
  expect([await waitOf(reconnect), await waitOf(reconnect), await waitOf(reconnect)]).toEqual([0, 500, 3_996]);
});

test("[C21] a connection that lasted begins the row again, one that did not goes on with it", async () => {
  const reconnect = createReconnect(() => 1);
  await waitOf(reconnect);
  reconnect.connected();
  reconnect.closed(close(1006));
  expect(await waitOf(reconnect)).toBe(2_000);
  reconnect.connected();
  vi.advanceTimersByTime(5_000);
  reconnect.closed(close(1006));
  expect(await waitOf(reconnect)).toBe(1_000);
});

test("[C21] a server with too much to do is left alone for a while", async () => {
  const reconnect = createReconnect(() => 0.5);
  reconnect.closed(close(1013));
  expect(await waitOf(reconnect)).toBe(3_500);
});

test.each(["becomeVisible", "comeOnline"] as const)("[C21] %s ends the wait", async (wakeUp) => {
  const page = new FakePage();
  try {
    const reconnect = createReconnect(() => 1);
    let hasEnded = false;
    void reconnect.retryWait().then(() => {
      hasEnded = true;
    });
    await vi.advanceTimersByTimeAsync(100);
    page[wakeUp]();
    await vi.advanceTimersByTimeAsync(299);
    expect(hasEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(hasEnded).toBe(true);
  } finally {
    page.remove();
  }
});

test("[C21] every close is retried, an error is not", () => {
  const reconnect = createReconnect();
  for (const code of [1000, 1001, 1005, 1006, 1012, 1013, 4408, 4498, 4504]) {
    expect(reconnect.shouldRetry(close(code))).toBe(true);
  }
  expect(reconnect.shouldRetry(new Error("no"))).toBe(false);
  expect(reconnect.shouldRetry(undefined)).toBe(false);
});

test("[C21] a refusal is retried once, however many operations ask", () => {
  const reconnect = createReconnect();
  const [first, second] = [close(4403), close(4403)];
  expect([1, 2, 3].map(() => reconnect.shouldRetry(first))).toEqual([true, true, true]);
  expect(reconnect.shouldRetry(close(1006))).toBe(true);
  expect([1, 2].map(() => reconnect.shouldRetry(second))).toEqual([false, false]);
});

test("[C21] a connection in between makes it a first refusal again", () => {
  const reconnect = createReconnect();
  expect(reconnect.shouldRetry(close(4403))).toBe(true);
  reconnect.connected();
  expect(reconnect.shouldRetry(close(4403))).toBe(true);
});

const refused = () => close(4403);

/** A connection that ends, and what becomes of that. */
function end(reconnect: ReturnType<typeof createReconnect>, wasLetIn: boolean): boolean {
  if (wasLetIn) reconnect.connected();
  const event = refused();
  reconnect.closed(event);
  return reconnect.shouldRetry(event);
}

test("[C21] the end of a connection that was let in is no refusal, and it is asked for twice all the same", () => {
  const reconnect = createReconnect();
  expect([true, false, true, false, false].map((wasLetIn) => end(reconnect, wasLetIn))).toEqual([
    ...[true, true, true, true, false],
  ]);
});

test("[C21] it waits a second at least once it was refused, and not before", async () => {
  const reconnect = createReconnect(() => 0);
  const waited = async () => {
    const startedAt = Date.now();
    const wait = reconnect.retryWait();
    await vi.runAllTimersAsync();
    await wait;
    return Date.now() - startedAt;
  };
  end(reconnect, true);
  expect(await waited()).toBe(0);
  end(reconnect, false);
  expect(await waited()).toBe(1_000);
});
