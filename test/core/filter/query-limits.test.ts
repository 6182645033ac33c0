import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFilter, parseRowFilter } from "../../../src/core/filter/parse-filter.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { anyText } from "../../support/any-text.ts";

const fits = (filter: unknown) => expect(parseFilter(filter, DEFAULT_LIMITS).valid).toBe(true);
const isTooLarge = (filter: unknown, expected = "") => {
  for (const parse of [parseFilter, parseRowFilter]) {
    expect(() => parse(filter, DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code: "QUERY_TOO_LARGE" }));
    expect(() => parse(filter, DEFAULT_LIMITS)).toThrow(expected);
  }
};
const repeat = <Value>(count: number, value: Value) => Array<Value>(count).fill(value);

/** So many `not` around something. */
function nested(levels: number, inner: unknown): unknown {
  let filter = inner;
  for (let level = 0; level < levels; level++) filter = { not: filter };
  return filter;
}

describe("a filter", () => {
  it("[LIMIT-41] has 16 KiB of JSON at most", () => {
    const around = '{"city":{"eq":""}}'.length;
    fits({ city: { eq: "a".repeat(16_384 - around) } });
    isTooLarge({ city: { eq: "a".repeat(16_385 - around) } }, "16384 bytes");
    fits({ city: { eq: "é".repeat((16_384 - around) / 2) } });
    isTooLarge({ city: { eq: "é".repeat((16_386 - around) / 2) } }, "16384 bytes");
    isTooLarge({ ["a".repeat(16_384)]: {} }, "16384 bytes");
    isTooLarge(repeat(1_000_000, null), "16384 bytes");
  });

  it("[LIMIT-41] is measured as JSON writes it", () => {
    const value = fc.oneof(
      anyText(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    );
    const filters = fc.dictionary(anyText(), fc.record({ in: fc.array(value) }));
    fc.assert(
      fc.property(filters, (filter) => {
        const size = new TextEncoder().encode(JSON.stringify(filter)).length;
        const parse = (bytes: number) => () => parseFilter(filter, { ...DEFAULT_LIMITS, MAX_QUERY_BYTES: bytes });
        expect(parse(size)).not.toThrow();
        expect(parse(size - 1)).toThrow(`${size - 1} bytes`);
      }),
    );
  });

  it("[LIMIT-42] nests 32 levels at most", () => {
    fits(nested(30, { city: { eq: "Paris" } }));
    isTooLarge(nested(31, { city: { eq: "Paris" } }), "32 levels");
    isTooLarge(nested(1_000, {}), "32 levels");
    isTooLarge(nested(100_000, {}));
    isTooLarge({ city: { eq: nested(31, 5) } }, "32 levels");
  });

  it("[LIMIT-43] has 500 conditions and groups at most", () => {
    const asked = { is: "NULL" };
    fits({ or: repeat(499, { a: asked }) });
    isTooLarge({ or: repeat(500, { a: asked }) }, "500 conditions");
    fits(Object.fromEntries(repeat(500, asked).map((condition, i) => [`field${i}`, condition])));
    isTooLarge(
      Object.fromEntries(repeat(501, asked).map((condition, i) => [`field${i}`, condition])),
      "500 conditions",
    );
    fits({ or: repeat(499, {}) });
    isTooLarge({ or: repeat(500, {}) }, "500 conditions");
  });

  it("[LIMIT-43] counts parts of a field and words of a search like conditions", () => {
    const parts = Object.fromEntries(repeat(499, { is: "NULL" }).map((asked, i) => [`part${i}`, asked]));
    fits({ name: parts });
    isTooLarge({ name: { ...parts, more: { is: "NULL" } } }, "500 conditions");
    fits({ searchVector: { search: "a ".repeat(499) } });
    isTooLarge({ searchVector: { search: "a ".repeat(500) } }, "500 conditions");
  });

  it("[LIMIT-44] has 1,000 values in a list at most", () => {
    for (const operator of ["in", "containsAny"]) {
      fits({ stage: { [operator]: repeat(1_000, "NEW") } });
      isTooLarge({ stage: { [operator]: repeat(1_001, "NEW") } }, "1000 values");
    }
  });

  it("may be anything within the limits", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (input) => {
        const filter = parseFilter(input, DEFAULT_LIMITS);
        if (!filter.valid) expect(filter.reason).toBeTypeOf("string");
      }),
    );
  });
});
