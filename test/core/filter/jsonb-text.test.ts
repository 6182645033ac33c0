import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonbText, printingOnce } from "../../../src/core/filter/jsonb-text.ts";
import { referenceJsonb } from "./reference-matcher.ts";

describe("JSON as PostgreSQL prints it", () => {
  it.each<[unknown, string]>([
    [null, "null"],
    [true, "true"],
    ["", '""'],
    ['a"\\\n\u0001é🚰', '"a\\"\\\\\\n\\u0001é🚰"'],
    [[], "[]"],
    [{}, "{}"],
    [[1, [2, "3"], {}], '[1, [2, "3"], {}]'],
    [{ b: 1, a: { c: [] } }, '{"a": {"c": []}, "b": 1}'],
    [{ bb: 1, c: 2, "": 3 }, '{"": 3, "c": 2, "bb": 1}'],
    [{ é: 1, z: 2, aaa: 3 }, '{"z": 2, "é": 1, "aaa": 3}'],
    [{ "\u{10000}": 1, "\uffffa": 2 }, '{"\uffffa": 2, "\u{10000}": 1}'],
    [{ a: undefined, b: 1 }, '{"b": 1}'],
    [JSON.parse('{"__proto__": 1}'), '{"__proto__": 1}'],
    [0, "0"],
    [-0, "0"],
    [-1.5, "-1.5"],
    [1e21, "1000000000000000000000"],
    [-1.25e22, "-12500000000000000000000"],
    [1e-7, "0.0000001"],
    [-1.5e-9, "-0.0000000015"],
    [123456789012345680000, "123456789012345680000"],
  ])("%j", (value, text) => expect(jsonbText(value)).toBe(text));

  it("is the same for all plain JSON", () => {
    const numbers = fc.integer().map((value) => value / 8);
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, false),
        fc.string({ unit: "grapheme", maxLength: 5 }),
        numbers,
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(fc.string({ unit: "grapheme", maxLength: 3 }), tie("any"), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (value) => {
        expect(jsonbText(value)).toBe(referenceJsonb(value));
      }),
    );
  });

  it("has an end: levels and length", () => {
    const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels)) as unknown;
    expect(jsonbText(nested(257))).toBe("[".repeat(257) + "]".repeat(257));
    expect(jsonbText(nested(258))).toBeUndefined();
    expect(jsonbText(nested(5_000))).toBeUndefined();
    const most = 4 * 1024 * 1024;
    expect(jsonbText("a".repeat(most - 2))?.length).toBe(most);
    expect(jsonbText("a".repeat(most - 1))).toBeUndefined();
    expect(jsonbText(["a".repeat(most - 2)])).toBeUndefined();
  });
});

/** Counts how often it is printed. */
class Counted {
  prints = 0;
  readonly value = Object.defineProperty({}, "a", {
    enumerable: true,
    get: () => this.prints++ * 0,
  });
}

describe("what prints each value once", () => {
  it("keeps what it printed", () => {
    const [print, counted] = [printingOnce(), new Counted()];
    print(counted.value);
    const before = counted.prints;
    expect([print(counted.value), counted.prints]).toEqual(['{"a": 0}', before]);
  });

  it("lets go of all that was too much together, be it of few values or of many", () => {
    const million = 1024 * 1024;
    const few = Array.from({ length: 5 }, (_, i) => String(i).repeat(million));
    const many = Array.from({ length: million / 10 }, (_, i) => i);
    for (const others of [few, many]) {
      const [print, counted] = [printingOnce(), new Counted()];
      print(counted.value);
      const before = counted.prints;
      for (const other of others) print(other);
      print(counted.value);
      expect(counted.prints).toBeGreaterThan(before);
    }
  });

  it("keeps one value that is too much by itself", () => {
    const print = printingOnce();
    const texts = Array.from({ length: 2 }, () => print("a".repeat(4 * 1024 * 1024 - 2)));
    expect(texts.map((text) => text?.length)).toEqual([4 * 1024 * 1024, 4 * 1024 * 1024]);
  });
});
