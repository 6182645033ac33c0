import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../src/core/errors.ts";
import { plainJsonOf, toPlainJson } from "../../src/core/plain-json.ts";

const bounds = { maxDepth: 64, maxSize: 10_000 };

describe("toPlainJson", () => {
  it("writes what structured clone keeps and JSON does not", () => {
    const value = { at: new Date(0), bad: new Date(Number.NaN), none: undefined, list: [undefined, Number.NaN] };
    const { text, value: plain } = toPlainJson(value, bounds);
    expect(text).toBe('{"at":"1970-01-01T00:00:00.000Z","bad":null,"list":[null,null]}');
    expect(plain).toEqual(JSON.parse(text));
  });

  it("allows exactly the levels it is given", () => {
    expect(toPlainJson(nested(64), bounds).text).toBe(`${"[".repeat(64)}${"]".repeat(64)}`);
    expect(codeOf(() => toPlainJson(nested(65), bounds))).toBe("BAD_MESSAGE");
  });

  it("counts a date as no level", () => {
    expect(toPlainJson([new Date(0)], { ...bounds, maxDepth: 1 }).text).toBe('["1970-01-01T00:00:00.000Z"]');
  });

  it("ends at 10,000 levels and at cycles", () => {
    const cycle: Record<string, unknown> = { name: "a" };
    cycle.self = { cycle };
    expect(codeOf(() => toPlainJson(nested(10_000), bounds))).toBe("BAD_MESSAGE");
    expect(codeOf(() => toPlainJson(cycle, bounds))).toBe("BAD_MESSAGE");
  });

  it("ends at a small graph that unfolds into a huge text", () => {
    let bomb: unknown = "x";
    for (let i = 0; i < 60; i++) bomb = [bomb, bomb];
    expect(codeOf(() => toPlainJson(bomb, bounds))).toBe("TOO_LARGE");
    expect(codeOf(() => toPlainJson(new Array(4_000_000_000), bounds))).toBe("TOO_LARGE");
  });

  it.each([
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["a map", new Map([["a", 1]])],
    ["a set", new Set([1])],
    ["bytes", new Uint8Array(8)],
    ["a buffer", new ArrayBuffer(8)],
    ["an error", new Error("a")],
    ["a regular expression", /a/],
    ["its own toJSON", { toJSON: () => "anything" }],
  ])("refuses %s, at any place", (_, value) => {
    expect(codeOf(() => toPlainJson(value, bounds))).toBe("BAD_MESSAGE");
    expect(codeOf(() => toPlainJson({ a: [value] }, bounds))).toBe("BAD_MESSAGE");
  });

  it("does not say what it found", () => {
    const tagged = { [Symbol.toStringTag]: "a secret" };
    expect(() => toPlainJson(tagged, bounds)).toThrow(
      expect.not.objectContaining({ message: expect.stringMatching("secret") }),
    );
  });

  it("takes a text of the size that is allowed, and none above", () => {
    const text = "x".repeat(bounds.maxSize - 2);
    expect(toPlainJson(text, bounds).text).toHaveLength(bounds.maxSize);
    expect(codeOf(() => toPlainJson(`${text}x`, bounds))).toBe("TOO_LARGE");
  });

  it("never refuses for its size what is written within it", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const maxSize = JSON.stringify(value).length;
        expect(toPlainJson(value, { maxDepth: 64, maxSize }).text.length).toBeLessThanOrEqual(maxSize);
      }),
    );
  });

  it("drops __proto__ keys wherever they are", () => {
    const value: unknown = JSON.parse('{"a":{"__proto__":{"admin":true},"b":[{"__proto__":1}]},"c":"\\"__proto__\\""}');
    const plain = toPlainJson(value, bounds);
    expect(plain.text).toBe('{"a":{"b":[{}]},"c":"\\"__proto__\\""}');
    expect(plain.value).toEqual({ a: { b: [{}] }, c: '"__proto__"' });
    expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
  });

  it("writes nothing at all as null", () => {
    expect(toPlainJson(undefined, bounds)).toEqual({ text: "null", value: null });
  });
});

describe("plainJsonOf", () => {
  it("gives what toPlainJson gives, for whatever JSON writes", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(plainJsonOf(JSON.parse(text))).toEqual(toPlainJson(JSON.parse(text), bounds));
      }),
    );
  });

  it("drops every __proto__ key, however it was written", () => {
    const parsed: unknown = JSON.parse('{"a":{"\\u005f_proto__":{"b":1}},"__proto__":2,"c":3}');
    const { text, value } = plainJsonOf(parsed);
    expect(text).toBe('{"a":{},"c":3}');
    expect(value).toEqual({ a: {}, c: 3 });
  });
});

function nested(levels: number): unknown {
  let value: unknown[] = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code;
    throw thrown;
  }
  return undefined;
}
