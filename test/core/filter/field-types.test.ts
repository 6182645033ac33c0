import { describe, expect, it } from "vitest";
import { compileFilter } from "../../../src/core/filter/compile-filter.ts";
import { type FieldTypes, fieldTypesOf } from "../../../src/core/filter/field-types.ts";
import { match, parse } from "./fixtures.ts";

const person = (...fields: { name: string; type: string; joinColumnName?: string }[]) => ({
  nameSingular: "person",
  fields,
});

function judge(filter: unknown, record: Record<string, unknown>, fieldTypes: FieldTypes) {
  return compileFilter(parse(filter))(record, { fieldTypes, includesDeleted: false });
}

describe("the type of a field", () => {
  const LATER = { at: { eq: "2026-01-01T00:00:00Z" } };
  const record = { at: "2026-01-01T01:00:00+01:00" };

  it("is that of the batch, then that of the snapshot", () => {
    const date = { name: "at", type: "DATE_TIME" };
    expect(judge(LATER, record, fieldTypesOf(person(date)))).toBe(true);
    expect(judge(LATER, record, fieldTypesOf(person({ ...date, type: "TEXT" })))).toBe(false);
    expect(judge(LATER, record, fieldTypesOf(person(date), { at: "TEXT" }))).toBe(true);
    expect(judge(LATER, record, fieldTypesOf(undefined, { at: "TEXT" }))).toBe(false);
    expect(judge(LATER, record, fieldTypesOf({ nameSingular: "person" }, { at: "TEXT" }))).toBe(false);
    expect(judge(LATER, record, fieldTypesOf(person({ name: "id", type: "UUID" }), { at: "TEXT" }))).toBe(false);
  });

  it("may change from batch to batch", () => {
    const matcher = compileFilter(parse(LATER));
    const types = ["DATE_TIME", "TEXT", "NOTHING", "DATE_TIME"].map((type) =>
      fieldTypesOf(person({ name: "at", type })),
    );
    expect(types.map((fieldTypes) => matcher(record, { fieldTypes, includesDeleted: false }))).toEqual([
      ...[true, false, "error", true],
    ]);
  });

  it("is that of its relation for a column, unless the column is a field itself", () => {
    const company = { name: "company", type: "RELATION" };
    const asks = (field: string) => ({ [field]: { eq: "a" } });
    const types = fieldTypesOf(person(company, { name: "target", type: "MORPH_RELATION", joinColumnName: "boundTo" }));
    expect(judge(asks("companyId"), { companyId: "a" }, types)).toBe(true);
    expect(judge(asks("boundTo"), { boundTo: "a" }, types)).toBe(true);
    expect(judge(asks("targetId"), {}, types)).toBe("error");
    expect(judge(asks("companyId"), {}, fieldTypesOf(undefined, { company: "RELATION" }))).toBe(false);
    const own = fieldTypesOf(person(company, { name: "companyId", type: "NUMBER" }));
    expect(judge({ companyId: { gt: 4 } }, { companyId: 5 }, own)).toBe(true);
  });

  it("is inferred for a field that the record has and the batch does not know", () => {
    const types = fieldTypesOf(person({ name: "city", type: "TEXT" }));
    expect(judge({ age: { gt: 4 } }, { age: 5 }, types)).toBe(true);
    expect(judge({ age: { is: "NULL" } }, { age: null }, types)).toBe(true);
    expect(judge({ age: { is: "NULL" } }, {}, types)).toBe("error");
  });
});

describe("without a known type", () => {
  it.each<[Record<string, unknown>, unknown, boolean | "error"]>([
    [{ eq: "a" }, "a", true],
    [{ startsWith: "a" }, "ab", true],
    [{ gt: "a" }, "b", true],
    [{ eq: 5 }, 5, true],
    [{ lte: 5 }, 5, true],
    [{ like: "5" }, 5, "error"],
    [{ eq: false }, false, true],
    [{ gt: "2026-01-01" }, "2025-12-31T23:59:59-01:00", true],
    [{ gt: "2026-01-01" }, "soon", true],
    [{ in: ["2026-01-01", "soon"] }, "2026-01-01T00:00:00Z", false],
    [{ gt: null, lte: "2026-01-01" }, "2026-01-01", "error"],
    [{ containsAny: ["a"] }, ["a"], true],
    [{ containsIlike: "A" }, ["ab"], true],
    [{ isEmptyArray: true }, [], true],
    [{ like: '["a"]' }, ["a"], true],
    [{ like: '{"a": 1}' }, { a: 1 }, true],
    [{ search: "B a" }, "ab", true],
    [{ eq: "a" }, { id: "a" }, true],
    [{ is: "NOT_NULL" }, { id: "a" }, true],
    [{ firstName: { eq: "Ada" } }, { firstName: "Ada" }, true],
    [{ amountMicros: { gt: 4 } }, { amountMicros: 5 }, true],
    [{ source: { in: ["API"] } }, { source: "API" }, true],
    [{ secondaryLinks: { like: "%b%" } }, { secondaryLinks: [{ url: "b" }] }, true],
    [{ nothing: { eq: "a" } }, { nothing: "a" }, false],
    [{ firstName: { is: "NULL" } }, null, true],
    [{ markdown: { ilike: "A%" } }, { markdown: "ab" }, true],
    [{ markdown: { ilike: "%" } }, null, false],
    [{ eq: "a" }, null, false],
    [{ is: "NULL" }, null, true],
  ])("%j on %j is %s", (asked, value, expected) => expect(match({ field: asked }, { field: value })).toBe(expected));

  it("a field that the record does not have is null", () => {
    expect(match({ field: { is: "NULL" } }, {})).toBe(true);
    expect(match({ field: { eq: "a" } }, {})).toBe(false);
  });
});
