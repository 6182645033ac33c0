import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalityValueOf, requiredEqualities } from "../../../src/core/filter/required-equalities.ts";
import { anyFilter, anyRecord, FIELDS, fittingRecord, match, parse } from "./fixtures.ts";

const required = (filter: unknown) =>
  Object.fromEntries(Array.from(requiredEqualities(parse(filter)), ([field, values]) => [field, [...values].sort()]));

const a = { id: { eq: "a" } };
const ab = { id: { in: ["a", "b"] } };
const paris = { city: { eq: "Paris" } };

describe("what a matching record must have", () => {
  it.each<[unknown, Record<string, string[]>]>([
    [a, { id: ["a"] }],
    [ab, { id: ["a", "b"] }],
    [
      { ...a, ...paris },
      { id: ["a"], city: ["Paris"] },
    ],
    [{ and: [ab, paris, { age: { gt: 5 } }] }, { id: ["a", "b"], city: ["Paris"] }],
    [{ and: [ab, { id: { in: ["b", "c"] } }] }, { id: ["b"] }],
    [{ and: [a, { id: { eq: "b" } }] }, { id: [] }],
    [{ or: [a, { id: { eq: "c" } }] }, { id: ["a", "c"] }],
    [{ or: [{ and: [a, paris] }, ab] }, { id: ["a", "b"] }],
    [{ or: [a, paris] }, {}],
    [{ or: [a, {}] }, {}],
    [{ or: [] }, {}],
    [{ or: { ...a, ...paris } }, { id: ["a"], city: ["Paris"] }],
    [{ not: a }, {}],
    [{ not: { not: a } }, {}],
    [{ id: { neq: "a" } }, {}],
    [{ id: { eq: "a", in: ["b"] } }, {}],
    [{ id: { eq: "a", is: "NULL" } }, {}],
    [{ id: { in: [] } }, { id: [] }],
    [{ id: { in: ["a", null] } }, {}],
    [{ age: { eq: 5 } }, {}],
    [{ createdAt: { eq: "2026-01-01" } }, {}],
    [{ createdAt: { in: ["a", "2026-01-01T00:00:00Z"] } }, {}],
    [{ name: { firstName: { eq: "Ada" } } }, {}],
    [{ id: {} }, {}],
    [{}, {}],
    [{ ...a, city: { regex: "x" } }, {}],
  ])("by %j", (filter, expected) => expect(required(filter)).toEqual(expected));

  it("is looked up as text, or by the id of a related record", () => {
    expect(equalityValueOf({ id: "a" }, "id")).toBe("a");
    expect(equalityValueOf({ company: { id: "a" } }, "company")).toBe("a");
    expect(equalityValueOf({ company: { id: 5 } }, "company")).toBeUndefined();
    expect(equalityValueOf({ age: 5, id: null, tags: ["a"] }, "age")).toBeUndefined();
    expect(equalityValueOf({}, "constructor")).toBeUndefined();
  });

  it("never leaves out a record that matches", () => {
    let found = 0;
    const fields = fc.constantFrom(FIELDS, undefined);
    const value = fc.constantFrom("a", "2026-01-01", "WON");
    const name = fc.constantFrom("id", "city", "stage", "companyId", "company", "createdAt");
    const equality = fc.tuple(name, value).map(([field, eq]) => ({ [field]: { eq } }));
    const list = fc.array(fc.oneof(equality, anyFilter), { minLength: 1, maxLength: 3 });
    const filter = fc.oneof(fc.record({ and: list }), fc.record({ or: list }), equality, anyFilter);
    const meeting = fc.dictionary(name, fc.oneof(value, value, fc.record({ id: value })), { minKeys: 4 });
    const record = fc.oneof(anyRecord, fittingRecord, meeting, meeting);
    fc.assert(
      fc.property(filter, record, fields, fc.boolean(), (filter, record, fields, includesDeleted) => {
        if (match(filter, record, fields ? { fields, includesDeleted } : { includesDeleted }) !== true) return;
        for (const [field, values] of requiredEqualities(parse(filter))) {
          found++;
          expect(values).toContain(equalityValueOf(record, field));
        }
      }),
      { numRuns: 8_000 },
    );
    expect(found).toBeGreaterThan(100);
  });
});
