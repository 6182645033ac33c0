import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, isJsonObject, isJsonTooDeep } from "../../src/core/json.ts";

const nestedArrays = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const nestedObjects = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

describe("isJsonTooDeep", () => {
  it("allows exactly the levels it is given", () => {
    expect(isJsonTooDeep(nestedArrays(64), 64)).toBe(false);
    expect(isJsonTooDeep(nestedArrays(65), 64)).toBe(true);
    expect(isJsonTooDeep(nestedObjects(64), 64)).toBe(false);
    expect(isJsonTooDeep(nestedObjects(65), 64)).toBe(true);
  });

  it("counts a scalar as no level and siblings as one", () => {
    expect(isJsonTooDeep("1", 0)).toBe(false);
    expect(isJsonTooDeep(`[${"[],".repeat(1_000)}[]]`, 2)).toBe(false);
  });

  it.each([
    ["brackets", '"[[[[{{{{"'],
    ["an escaped quote", '"\\"[[[["'],
    ["an escaped backslash at the end", '["\\\\",[]]'],
    ["a unicode escape", '"\\u005b[[["'],
    ["brackets in a key", '{"[[[[":1}'],
  ])("does not count %s in a string", (_, text) => {
    expect(JSON.parse(text)).toBeDefined();
    expect(isJsonTooDeep(text, 2)).toBe(false);
  });

  it("sees the bracket behind a string that ends in a backslash", () => {
    expect(isJsonTooDeep('["\\\\",[[]]]', 2)).toBe(true);
  });

  it("takes a million levels and an unfinished string without recursion", () => {
    expect(isJsonTooDeep(nestedArrays(1_000_000), 64)).toBe(true);
    expect(isJsonTooDeep(`["${"[".repeat(1_000_000)}`, 64)).toBe(false);
  });

  it("agrees with the depth of any JSON value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(10), (value, maxDepth) => {
        expect(isJsonTooDeep(JSON.stringify(value), maxDepth)).toBe(depthOf(value) > maxDepth);
      }),
    );
  });

  it("finds the end of strings that are made of quotes, backslashes and brackets", () => {
    const string = fc.array(fc.constantFrom('"', "\\", "[", "]", "{", "}", "u", "\u0000"), { maxLength: 12 });
    const value = fc.tuple(string, string, fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(value, fc.nat(6), ([key, text, inner], maxDepth) => {
        const nested = [text.join(""), { [key.join("")]: inner }, text.join("")];
        expect(isJsonTooDeep(JSON.stringify(nested), maxDepth)).toBe(depthOf(nested) > maxDepth);
      }),
    );
  });
});

describe("canonicalJson", () => {
  it("sorts keys at every level and keeps the order of arrays", () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 3], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1},3]}');
  });

  it("leaves undefined members out and writes undefined items as null", () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });

  it("keeps a __proto__ key", () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
  });

  it("is the same for any order of keys, and is JSON of the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("writes objects with the same keys, with some of them and with them in another order as it would write each alone", () => {
    const keys = ["a", "b", "B", "10", "9", "-1", "__proto__", "toString", "é", ""];
    const object = fc
      .shuffledSubarray(keys)
      .chain((some) => fc.tuple(...some.map((key) => fc.tuple(fc.constant(key), fc.jsonValue({ maxDepth: 1 })))))
      .map((entries) => Object.fromEntries(entries));
    fc.assert(
      fc.property(fc.array(object, { maxLength: 6 }), (objects) => {
        const doubled = [...objects, ...objects];
        expect(canonicalJson(doubled)).toBe(`[${doubled.map(canonicalOfEntries).join(",")}]`);
      }),
    );
  });

  it("differs for values that differ", () => {
    const pair = fc.tuple(fc.jsonValue(), fc.jsonValue());
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(canonicalJson(a) === canonicalJson(b)).toBe(equals(a, b));
      }),
    );
  });
});

describe("isJsonObject", () => {
  it.each([[null], [[]], ["x"], [1], [undefined]])("refuses %j", (value) => expect(isJsonObject(value)).toBe(false));
  it("accepts an object", () => expect(isJsonObject({})).toBe(true));
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Its definition: keys that are whole numbers by their value, then the others by their units. */
function canonicalOfEntries(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalOfEntries).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const isIndex = (key: string) => /^(0|[1-9]\d{0,8})$/.test(key);
  const keys = Object.keys(value).sort();
  const ordered = [
    ...keys.filter(isIndex).sort((a, b) => Number(a) - Number(b)),
    ...keys.filter((key) => !isIndex(key)),
  ];
  const members = ordered.map((key) => `${JSON.stringify(key)}:${canonicalOfEntries(value[key])}`);
  return `{${members.join(",")}}`;
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

function equals(a: unknown, b: unknown): boolean {
  try {
    expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
    return true;
  } catch {
    return false;
  }
}
