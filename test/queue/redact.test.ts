import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redact } from "../../src/queue/redact.ts";

const secret = new Set(["secret", "accessToken"]);
const bounds = { maxDepth: 8, maxSize: 10_000 };
const redacted = (value: unknown) => redact(value, secret, bounds);

describe("redact", () => {
  it("copies what has no secret in it", () => {
    const value = { a: [1, "b", null, true, { c: {} }], d: [] };
    expect(redacted(value)).toEqual(value);
    expect(JSON.stringify(redacted(value))).toBe(JSON.stringify(value));
  });

  it("leaves out members with a secret name at any depth, and the name in lists", () => {
    const value = { secret: 1, a: [{ accessToken: { b: 1 }, c: 2 }], updatedFields: ["secret", "name"] };
    expect(redacted(value)).toEqual({ a: [{ c: 2 }], updatedFields: ["name"] });
  });

  it("leaves out JSON in strings that may hold a secret, and no other text", () => {
    const text = JSON.stringify({ secret: "hush" });
    expect(redacted({ a: text, b: JSON.stringify(text), c: "a secret", d: '{"e":1}' })).toEqual({
      a: "[left out: it may hold a secret field]",
      b: "[left out: it may hold a secret field]",
      c: "a secret",
      d: '{"e":1}',
    });
  });

  it("takes what is no JSON", () => {
    const value = [1n, new Date(0), new Date(Number.NaN), new Map([["secret", 1]]), new Uint8Array(3)];
    const note = "[left out: no JSON]";
    expect(redacted(value)).toEqual(["1", "1970-01-01T00:00:00.000Z", null, note, note]);
  });

  it("cuts cycles and 10,000 levels", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = [deep];
    for (const value of [cycle, deep]) expect(JSON.stringify(redacted(value))).toContain("[left out: nested too deep]");
  });

  it("gives up on what would be too large", () => {
    expect(redacted("x".repeat(10_001))).toBeUndefined();
    const bomb = { list: Array.from({ length: 100 }, () => 1) };
    expect(redacted(Array.from({ length: 200 }, () => bomb))).toBeUndefined();
  });

  it("does not follow __proto__", () => {
    expect(redacted(JSON.parse('{"__proto__":{"a":1},"b":2}'))).toEqual({ b: 2 });
  });

  it("keeps no member with a secret name of anything", () => {
    const key = fc.constantFrom("secret", "accessToken", "a");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: "small" }, fc.integer(), fc.array(tie("value")), fc.dictionary(key, tie("value"))),
    }));
    fc.assert(
      fc.property(value, (input) => {
        expect(JSON.stringify(redacted(input)) ?? "").not.toMatch(/secret|accessToken/);
      }),
    );
  });
});
