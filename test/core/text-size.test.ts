import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLargerThan, utf8Size } from "../../src/core/text-size.ts";
import { anyText } from "../support/any-text.ts";

const encodedSize = (text: string) => new TextEncoder().encode(text).length;

describe("utf8Size", () => {
  it.each([
    ["", 0],
    ["a", 1],
    ["\0", 1],
    ["\u007f", 1],
    ["\u0080", 2],
    ["é", 2],
    ["\u07ff", 2],
    ["\u0800", 3],
    ["漢", 3],
    ["\uffff", 3],
    ["🚰", 4],
    ["\u{10ffff}", 4],
    ["aé漢🚰", 10],
  ])("of %j is %i", (text, size) => expect(utf8Size(text)).toBe(size));

  it("is what an encoder makes of any text", () => {
    fc.assert(
      fc.property(anyText(100), (text) => utf8Size(text) === encodedSize(text)),
      { numRuns: 500 },
    );
  });

  it("is the same of a long text, of which it is asked in another way", () => {
    fc.assert(
      fc.property(anyText(100), fc.integer({ min: 500, max: 520 }), (text, length) => {
        const long = (text || "é").repeat(length).slice(0, length);
        expect(utf8Size(long)).toBe(encodedSize(long));
      }),
    );
  });

  it("counts half a surrogate pair as the character that an encoder writes in its place", () => {
    const halves = ["\ud800", "\udfff", "a\udc00b", "\ud83d\ud83d\udeb0"];
    expect(halves.map(utf8Size)).toEqual(halves.map(encodedSize));
  });
});

describe("isLargerThan", () => {
  it.each(["a", "é", "漢", "🚰"])("tells both sides for %s", (character) => {
    const text = character.repeat(100);
    expect(isLargerThan(text, encodedSize(text))).toBe(false);
    expect(isLargerThan(text, encodedSize(text) - 1)).toBe(true);
  });

  it("agrees with the size of any text", () => {
    fc.assert(
      fc.property(anyText(), fc.nat(120), (text, bytes) => isLargerThan(text, bytes) === encodedSize(text) > bytes),
      { numRuns: 500 },
    );
  });
});
