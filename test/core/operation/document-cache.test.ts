import { describe, expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS, type Limits } from "../../../src/core/limits.ts";
import { DocumentCache } from "../../../src/core/operation/document-cache.ts";

const cacheWith = (limits: Partial<Limits> = {}) => new DocumentCache(catalogue, { ...DEFAULT_LIMITS, ...limits });
const query = (alias: string) => `{ ${alias}: gatewayVersion }`;

describe("DocumentCache", () => {
  it("prepares a document once", () => {
    const cache = cacheWith();
    expect(cache.get(query("a"))).toBeUndefined();
    const prepared = cache.prepare(query("a"));
    expect(prepared.errors).toBeUndefined();
    expect(cache.get(query("a"))).toBe(prepared);
    expect(cache.prepare(query("a"))).toBe(prepared);
    expect(cache.get(query("b"))).toBeUndefined();
  });

  it.each(["{ nothing }", "{", "{a".repeat(1_000), "", "__proto__"])(
    "remembers failures like successes (%#)",
    (source) => {
      const cache = cacheWith();
      const failed = cache.prepare(source);
      expect(failed.errors?.length).toBeGreaterThan(0);
      expect(cache.get(source)).toBe(failed);
      expect(cache.prepare(source)).toBe(failed);
    },
  );

  it("[LIMIT-11] forgets the document used longest ago past a number of them", () => {
    const cache = cacheWith({ MAX_CACHED_DOCUMENTS: 2 });
    cache.prepare(query("a"));
    cache.prepare(query("b"));
    cache.prepare(query("a"));
    cache.prepare(query("c"));
    expect(["a", "b", "c"].map((alias) => cache.get(query(alias)) !== undefined)).toEqual([true, false, true]);
  });

  it("[LIMIT-12] forgets documents past their size together, and never keeps a larger one", () => {
    const large = (alias: string) => `{ ${alias}: gatewayVersion ${"# not parsed\n".repeat(40)} }`;
    const { bytes } = cacheWith().prepare(large("a"));
    const cache = cacheWith({ MAX_CACHED_DOCUMENT_BYTES: bytes + 10 });
    cache.prepare(large("a"));
    cache.prepare(large("b"));
    expect([cache.get(large("a")), cache.get(large("b"))?.errors]).toEqual([undefined, undefined]);
    expect(cache.get(large("b"))).toBeDefined();
    const tooLarge = query("c".repeat(1_024));
    expect(cache.prepare(tooLarge).errors).toBeUndefined();
    expect(cache.get(tooLarge)).toBeUndefined();
    expect(cache.get(large("b"))).toBeDefined();
  });

  it("[LIMIT-12] counts what parsing makes of a document, not its text", () => {
    const cache = cacheWith({ MAX_CACHED_DOCUMENT_BYTES: 4_096 });
    const small = `{${" a:gatewayVersion".repeat(20)}}`;
    expect(small.length).toBeLessThan(4_096 / 4);
    expect(cache.prepare(small).errors).toBeUndefined();
    expect(cache.get(small)).toBeUndefined();
  });

  it("takes the limits of sockets", () => {
    const errors = cacheWith({ MAX_DOCUMENT_TOKENS: 10 }).prepare(`{${" gatewayVersion".repeat(9)}}`).errors;
    expect(errors?.[0]?.extensions.code).toBe("DOCUMENT_TOO_LARGE");
  });
});
