import { describe, expect, it } from "vitest";
import { type TokenBucket, takeToken } from "../../src/core/token-bucket.ts";

const RATE = 10;
const BURST = 20;

/** How many of `tries` may pass at a time, and the bucket afterwards. */
function take(bucket: TokenBucket | undefined, tries: number, now: number) {
  let left = bucket;
  let passed = 0;
  for (let i = 0; i < tries; i++) {
    const next = takeToken(left, RATE, BURST, now);
    if (next === undefined) continue;
    left = next;
    passed++;
  }
  return { passed, left };
}

describe("takeToken", () => {
  it("begins with a whole burst, and no more", () => {
    expect(take(undefined, 30, 0).passed).toBe(20);
  });

  it.each([
    [99, 0],
    [100, 1],
    [999, 9],
    [1_000, 10],
    [2_000, 20],
    [1_000_000, 20],
  ])("has after %i ms let %i more pass", (ms, passed) => {
    const { left } = take(undefined, 20, 0);
    expect(take(left, 30, ms).passed).toBe(passed);
  });

  it("does not lose what a refused try came too early for", () => {
    let bucket = take(undefined, 20, 0).left;
    let passed = 0;
    for (let ms = 1; ms <= 1_000; ms++) {
      const next = takeToken(bucket, RATE, BURST, ms);
      if (next !== undefined) passed++;
      bucket = next ?? bucket;
    }
    expect(passed).toBe(10);
  });

  it("gives nothing for a clock that steps back, and waits for nothing but the rate afterwards", () => {
    const { left } = take(undefined, 20, 10_000);
    expect(takeToken(left, RATE, BURST, 0)).toBeUndefined();
    expect(take(left, 30, 10_100).passed).toBe(1);
  });

  it("may take several tokens at once, all or none", () => {
    const half = takeToken(undefined, RATE, BURST, 0, 15);
    expect(half).toEqual({ tokens: 5, at: 0 });
    expect(takeToken(half, RATE, BURST, 0, 6)).toBeUndefined();
    expect(takeToken(half, RATE, BURST, 0, 5)).toEqual({ tokens: 0, at: 0 });
    expect(takeToken(half, RATE, BURST, 1_000, 15)).toEqual({ tokens: 0, at: 1_000 });
    expect(takeToken(undefined, RATE, BURST, 0, 21)).toBeUndefined();
  });

  it("is plain data", () => {
    const bucket = takeToken(undefined, RATE, BURST, 5);
    expect(bucket).toEqual({ tokens: 19, at: 5 });
    expect(structuredClone(bucket)).toEqual(bucket);
  });
});
