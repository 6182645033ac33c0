import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldCase } from "../../../src/core/filter/fold-case.ts";
import { compileContains, compileIlike, compileLike, endsInEscape } from "../../../src/core/filter/like-pattern.ts";
import { isSame, referenceLike } from "./reference-like.ts";

const like = (pattern: string, text: string) => compileLike(pattern)(text);
const ilike = (pattern: string, text: string) => compileIlike(pattern)(text);

describe("like", () => {
  it.each<[string, string, boolean]>([
    ["Ada", "Ada", true],
    ["Ada", "ada", false],
    ["Ada", "Ada ", false],
    ["", "", true],
    ["", "a", false],
    ["%", "", true],
    ["%", "a\nb", true],
    ["%%", "", true],
    ["A%", "Ada", true],
    ["%da", "Ada", true],
    ["%d%", "Ada", true],
    ["%x%", "Ada", false],
    ["a%a", "a", false],
    ["a%a", "aa", true],
    ["_", "a", true],
    ["_", "\n", true],
    ["_", "", false],
    ["_", "ab", false],
    ["_", "🚰", true],
    ["__", "🚰", false],
    ["%_", "🚰", true],
    ["a_c", "a🚰c", true],
    ["%a_c%", "xxa🚰cxx", true],
    ["100\\%", "100%", true],
    ["100\\%", "1000", false],
    ["a\\_c", "a_c", true],
    ["a\\_c", "abc", false],
    ["a\\\\c", "a\\c", true],
    ["\\a", "a", true],
    ["a\\", "a\\", true],
    ["a.c", "abc", false],
    ["(a+)+$", "(a+)+$", true],
    ["%aab%", "aaaab", true],
    ["%\udc00%", "\ud800\udc00", false],
    ["\ud800%", "\ud800\udc00", false],
  ])("%j on %j is %s", (pattern, text, expected) => expect(like(pattern, text)).toBe(expected));
});

describe("ilike", () => {
  it.each<[string, string, boolean]>([
    ["aDA", "Ada", true],
    ["%É%", "café", true],
    ["σ", "ς", true],
    ["straße", "STRASSE", false],
    ["ı", "I", false],
    ["İ", "i", false],
    ["𐐀", "𐐨", true],
  ])("%j on %j is %s", (pattern, text, expected) => expect(ilike(pattern, text)).toBe(expected));
});

describe("contains", () => {
  it("takes its word as it is", () => {
    expect(compileContains("0%")("100% sure")).toBe(true);
    expect(compileContains("0%")("1000")).toBe(false);
    expect(compileContains("_")("abc")).toBe(false);
    expect(compileContains("SURE")("100% sure")).toBe(true);
    expect(compileContains("")("")).toBe(true);
  });
});

it("a pattern ends in an escape when its last backslash has nothing to take", () => {
  expect(["\\", "a\\", "a\\\\\\"].map(endsInEscape)).toEqual([true, true, true]);
  expect(["", "a", "\\%", "a\\\\"].map(endsInEscape)).toEqual([false, false, false, false]);
});

describe("patterns and texts of any kind", () => {
  const unit = fc.constantFrom(..."aAbB%%_\\éÉ🚰\n\ud83d\udeb0");
  const pattern = fc.string({ unit, maxLength: 9 });
  const text = fc.string({ unit: fc.constantFrom(..."aAbBéÉ🚰\n\ud83d\udeb0%_\\"), maxLength: 9 });

  it("match as the definition of like says", () => {
    fc.assert(
      fc.property(pattern, text, (pattern, text) => {
        expect(like(pattern, text)).toBe(referenceLike(pattern, text, false));
        expect(ilike(pattern, text)).toBe(referenceLike(pattern, text, true));
      }),
      { numRuns: 3_000 },
    );
  });

  it("match so also when a part is longer than a word of bits", () => {
    const long = fc.string({ unit: fc.constantFrom("a", "a", "a", "_"), minLength: 30, maxLength: 70 });
    fc.assert(
      fc.property(long, fc.nat(40), fc.nat(40), fc.boolean(), (part, before, behind, breaks) => {
        const inside = part.replaceAll("_", "b");
        const text = "a".repeat(before) + (breaks ? inside.replace("a", "c") : inside) + "a".repeat(behind);
        const obvious = new RegExp(part.replaceAll("_", "."));
        expect(like(`%${part}%`, text)).toBe(obvious.test(text));
      }),
    );
  });
});

describe("folding", () => {
  const cased = Array.from({ length: 0x110000 }, (_, codePoint) => codePoint)
    .filter((codePoint) => codePoint < 0xd800 || codePoint > 0xdfff)
    .map((codePoint) => String.fromCodePoint(codePoint))
    .filter((char) => char.toLowerCase() !== char || char.toUpperCase() !== char);
  const fold = (char: string) => foldCase(char.codePointAt(0) ?? 0);

  it("brings together what regular expressions hold for the same, and nothing else", () => {
    expect(cased.length).toBeGreaterThan(2_500);
    const byFold = Map.groupBy(cased, fold);
    for (const char of cased) {
      const [lower = "", upper = ""] = [[...char.toLowerCase()][0], [...char.toUpperCase()][0]];
      for (const other of [lower, upper]) expect(fold(char) === fold(other)).toBe(isSame(char, other, true));
      for (const other of byFold.get(fold(char)) ?? []) expect(isSame(char, other, true)).toBe(true);
    }
  });

  it("leaves the rest of Unicode as it is", () => {
    for (const char of ["a", "ß", "漢", "🚰", "\u0000", "\ud800", "\u{10ffff}"]) {
      expect(fold(char)).toBe(char.codePointAt(0));
    }
  });
});

describe("a hostile pattern", () => {
  /** Counts what is read of a text. */
  class CountingText {
    reads = 0;
    readonly #text: string;

    constructor(text: string) {
      this.#text = text;
    }

    get length(): number {
      return this.#text.length;
    }

    codePointAt(index: number): number | undefined {
      this.reads++;
      return this.#text.codePointAt(index);
    }
  }

  it.each<[string, string, string]>([
    ["of sixty %", `${"%a".repeat(60)}b`, "a".repeat(100_000)],
    ["of sixty % around a part", `${"%".repeat(60)}ab${"%".repeat(60)}`, "a".repeat(100_000)],
    ["that nearly repeats", `%${"a".repeat(5_000)}b%`, "a".repeat(100_000)],
    ["that repeats with wildcards", `%${"a_".repeat(2_500)}b%`, "a".repeat(100_000)],
    ["of every second place", `${"a%_%".repeat(1_000)}c%`, "ab".repeat(50_000)],
  ])("%s reads a text once", (_, pattern, content) => {
    for (const compile of [compileLike, compileIlike]) {
      const text = new CountingText(content);
      expect(compile(pattern)(text)).toBe(false);
      expect(text.reads).toBeLessThanOrEqual(content.length + 2 * pattern.length);
    }
  });
});
