import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { QueryIndex } from "../../../src/core/streams/query-index.ts";
import { parseStreamQuery } from "../../../src/core/streams/stream-query.ts";
import { anyFilter, anyRecord, FIELDS, fittingRecord, match } from "../filter/fixtures.ts";

const queryOf = (filter: unknown, id = JSON.stringify(filter)) => ({
  query: parseStreamQuery(id, { objectNameSingular: "person", variables: { filter } }, DEFAULT_LIMITS),
});

function indexOf(...filters: readonly unknown[]) {
  const index = new QueryIndex<ReturnType<typeof queryOf>>();
  const items = filters.map((filter) => queryOf(filter));
  for (const item of items) index.add(item);
  const found = (...records: Record<string, unknown>[]) =>
    [...index.candidates("person", records)].map(({ query }) => JSON.parse(query.id));
  return { index, items, found };
}

describe("the index of queries", () => {
  it("finds a query by a text, by the id of a related record, and by both records of a change", () => {
    const { found } = indexOf({ id: { eq: "a" } }, { company: { in: ["b", "c"] } }, { nowhere: { eq: "a" } });
    expect(found({ id: "a" })).toEqual([{ id: { eq: "a" } }]);
    expect(found({ id: "d" }, { company: { id: "c" } })).toEqual([{ company: { in: ["b", "c"] } }]);
    expect(found({ id: "d", company: { id: 5 }, constructor: "a" })).toEqual([]);
  });

  it("finds a range by a number, and by a number that stands in a text", () => {
    const { found } = indexOf({ and: [{ age: { gte: 5 } }, { age: { lt: 9 } }] }, { age: { gt: 100 } });
    expect(found({ age: 5 })).toHaveLength(1);
    expect(found({ age: "6.5" })).toHaveLength(1);
    expect(found({ age: 4 }, { age: 101 })).toEqual([{ age: { gt: 100 } }]);
    expect(found({ age: null })).toEqual([]);
    // That they do not fit, they say themselves.
    expect(found({ age: "old" })).toHaveLength(2);
  });

  it("finds a pattern by what stands in it, whatever others have in common with it", () => {
    const patterns = Array.from({ length: 300 }, (_, i) => ({ city: { ilike: `%District ${1000 + i}%` } }));
    const { found } = indexOf(...patterns);
    expect(found({ city: "Lisbon, DISTRICT 1234" })).toContainEqual({ city: { ilike: "%District 1234%" } });
    expect(found({ city: "Lisbon, DISTRICT 1234" }).length).toBeLessThan(30);
    expect(found({ city: "Lisbon" })).toEqual([]);
    // Patterns are matched with the JSON of what is no text, and texts may be meant as JSON too.
    expect(found({ city: ["Lisbon"] })).toHaveLength(300);
    expect(found({ city: "Lis\nbon" })).toHaveLength(300);
  });

  it("keeps nothing of queries that went", () => {
    const filters = [{ id: { in: ["a", "b"] } }, { city: { ilike: "%paris%" } }, { age: { gt: 5 } }, { not: {} }];
    const { index, items, found } = indexOf(...filters);
    const record = { id: "a", city: "Paris", age: 6 };
    expect(found(record)).toHaveLength(4);
    for (const [i, item] of items.entries()) {
      index.delete(item);
      expect(found(record)).toHaveLength(3 - i);
      expect(index.has("person")).toBe(i < 3);
    }
  });

  it("never leaves out a query that matches", () => {
    let found = 0;
    const fields = fc.constantFrom(FIELDS, undefined);
    const texts = ["2026-01-01", "Straße 5", 'a "b" cd', "{}ab\\", "ab\ncd", "6"];
    const value = fc.constantFrom(...texts, 5, 6, 7);
    const name = fc.constantFrom("city", "data", "age");
    const ofJson = fc.constantFrom('"str%', '%"ab%', '%cd"', '%b\\\\"%', "%\\\\n%", "%ab\\\\\\\\%", "a%b%cd");
    const within = fc.tuple(fc.constantFrom(...texts), fc.nat(4), fc.nat(5));
    const pattern = fc.oneof(
      ofJson,
      within.map(([text, from, length]) => `%${text.slice(from, from + length + 2).toUpperCase()}%`),
    );
    const bound = fc.constantFrom(5, 6, 7, "6");
    const operand = fc.oneof(
      ...["eq", "gt", "gte", "lt", "lte"].map((operator) => fc.record({ [operator]: fc.oneof(bound, bound, value) })),
      ...["like", "ilike", "ilike"].map((operator) => fc.record({ [operator]: pattern })),
    );
    const part = fc.constantFrom("firstName", "secondaryLinks", "amountMicros");
    const ofPart = fc.tuple(part, operand).map((entry) => Object.fromEntries([entry]));
    const condition = fc
      .tuple(name, fc.oneof({ weight: 3, arbitrary: operand }, { weight: 1, arbitrary: ofPart }))
      .map((entry) => Object.fromEntries([entry]));
    const list = fc.array(fc.oneof({ weight: 5, arbitrary: condition }, anyFilter), { minLength: 1, maxLength: 3 });
    const filter = fc.oneof(condition, fc.record({ and: list }), fc.record({ or: list }), anyFilter);
    const parts = fc.record({ id: value, firstName: value, secondaryLinks: value, amountMicros: value });
    const meeting = fc.dictionary(name, fc.oneof({ weight: 3, arbitrary: value }, parts), { minKeys: 3 });
    const record = fc.oneof({ weight: 6, arbitrary: meeting }, anyRecord, fittingRecord);
    const several = { minLength: 8, maxLength: 8 };
    fc.assert(
      fc.property(fc.array(filter, several), fc.array(record, several), fields, (filters, records, fields) => {
        const { items, found: candidates } = indexOf(...filters);
        for (const record of records) {
          const ofRecord = candidates(record);
          for (const { query } of items) {
            const filter = JSON.parse(query.id);
            if (match(filter, record, fields ? { fields } : {}) !== true) continue;
            if (query.keys !== undefined) found++;
            expect(ofRecord).toContainEqual(filter);
          }
        }
      }),
      { numRuns: 1_000 },
    );
    expect(found).toBeGreaterThan(500);
  });
});
