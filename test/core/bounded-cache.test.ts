import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BoundedCache } from "../../src/core/bounded-cache.ts";

describe("BoundedCache", () => {
  it("gives back what it was given", () => {
    const cache = new BoundedCache<number>(2, 100);
    cache.set("a", 1, 10);
    expect([cache.get("a"), cache.get("b"), cache.size, cache.bytes]).toEqual([1, undefined, 1, 10]);
  });

  it("forgets what was used longest ago past its count, both sides", () => {
    const cache = new BoundedCache<number>(2, 100);
    cache.set("a", 1, 1);
    cache.set("b", 2, 1);
    expect(cache.size).toBe(2);
    cache.get("a");
    cache.set("c", 3, 1);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
  });

  it("forgets past its bytes, both sides", () => {
    const cache = new BoundedCache<number>(10, 100);
    cache.set("a", 1, 60);
    cache.set("b", 2, 40);
    expect(cache.bytes).toBe(100);
    cache.set("c", 3, 1);
    expect([cache.get("a"), cache.get("b"), cache.bytes]).toEqual([undefined, 2, 41]);
  });

  it("keeps an entry of its whole size, and leaves the others when one is larger", () => {
    const cache = new BoundedCache<number>(10, 100);
    cache.set("a", 1, 100);
    cache.set("b", 2, 101);
    expect([cache.get("a"), cache.get("b"), cache.bytes]).toEqual([1, undefined, 100]);
  });

  it("replaces an entry together with its bytes", () => {
    const cache = new BoundedCache<number>(10, 100);
    cache.set("a", 1, 90);
    cache.set("a", 2, 5);
    expect([cache.get("a"), cache.size, cache.bytes]).toEqual([2, 1, 5]);
    cache.set("a", 3, 101);
    expect([cache.get("a"), cache.bytes]).toEqual([undefined, 0]);
  });

  it("takes any key", () => {
    const cache = new BoundedCache<number>(10, 100);
    cache.set("__proto__", 1, 1);
    expect([cache.get("__proto__"), cache.get("constructor")]).toEqual([1, undefined]);
  });

  it("never outgrows its bounds, and knows what it holds", () => {
    const entries = fc.array(fc.tuple(fc.constantFrom(..."abcdefgh"), fc.nat(12)), { maxLength: 50 });
    fc.assert(
      fc.property(entries, fc.nat(5), fc.nat(20), (sets, maxCount, maxBytes) => {
        const cache = new BoundedCache<number>(maxCount, maxBytes);
        for (const [key, bytes] of sets) cache.set(key, bytes, bytes);
        const held = [..."abcdefgh"].map((key) => cache.get(key)).filter((bytes) => bytes !== undefined);
        const sum = held.reduce((total, bytes) => total + bytes, 0);
        return cache.size === held.length && cache.bytes === sum && held.length <= maxCount && sum <= maxBytes;
      }),
    );
  });
});
