import { describe, expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS, type Limits } from "../../../src/core/limits.ts";
import { DocumentCache } from "../../../src/core/operation/document-cache.ts";

const cacheWith = (limits: Partial<Limits> = {}) =>
  new DocumentCache(catalogue.schema, { ...DEFAULT_LIMITS, ...limits });
const query = (alias: string) => `{ ${alias}: gatewayVersion }`;

describe("DocumentCache", () => {
  it("prepares a document once", () => {
    const cache = cacheWith();
    expect(cache.has(query("a"))).toBe(false);
    const prepared = cache.prepare(query("a"));
    expect(prepared.errors).toBeUndefined();
    expect(cache.has(query("a"))).toBe(true);
    expect(cache.prepare(query("a"))).toBe(prepared);
    expect(cache.has(query("b"))).toBe(false);
  });

  it.each(["{ nothing }", "{", "{a".repeat(1_000), "", "__proto__"])(
    "remembers failures like successes (%#)",
    (source) => {
      const cache = cacheWith();
      const failed = cache.prepare(source);
      expect(failed.errors?.length).toBeGreaterThan(0);
      expect(cache.has(source)).toBe(true);
      expect(cache.prepare(source)).toBe(failed);
    },
  );

  it("[LIMIT-11] forgets the document used longest ago past a number of them", () => {
    const cache = cacheWith({ MAX_CACHED_DOCUMENTS: 2 });
    cache.prepare(query("a"));
    cache.prepare(query("b"));
    cache.prepare(query("a"));
    cache.prepare(query("c"));
    expect(["a", "b", "c"].map((alias) => cache.has(query(alias)))).toEqual([true, false, true]);
  });

  it("[LIMIT-12] forgets documents past their size together, and never keeps a larger one", () => {
    const cache = cacheWith({ MAX_CACHED_DOCUMENT_BYTES: 1_024 });
    const large = (alias: string) => query(alias.repeat(500));
    cache.prepare(large("a"));
    cache.prepare(large("b"));
    expect([cache.has(large("a")), cache.has(large("b"))]).toEqual([false, true]);
    const tooLarge = query("c".repeat(1_024));
    expect(cache.prepare(tooLarge).errors).toBeUndefined();
    expect(cache.has(tooLarge)).toBe(false);
    expect(cache.has(large("b"))).toBe(true);
  });

  it("takes the limits of sockets", () => {
    const errors = cacheWith({ MAX_DOCUMENT_TOKENS: 10 }).prepare(`{${" gatewayVersion".repeat(9)}}`).errors;
    expect(errors?.[0]?.extensions.code).toBe("DOCUMENT_TOO_LARGE");
  });
});
