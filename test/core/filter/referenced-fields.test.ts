import { expect, it } from "vitest";
import { isEmptyFilter } from "../../../src/core/filter/filter.ts";
import { referencedFields } from "../../../src/core/filter/referenced-fields.ts";
import { parse } from "./fixtures.ts";

it("a filter names the fields that it has a condition on, wherever and whatever", () => {
  const filter = {
    city: { eq: "Paris" },
    and: [{ not: { companyId: { is: "NULL" } } }, { or: [{ age: {} }, { name: { firstName: { eq: "Ada" } } }] }],
    or: { company: { eq: "a" }, city: { neq: "Rome" } },
  };
  expect(referencedFields(parse(filter))).toEqual(new Set(["city", "companyId", "age", "name", "company"]));
  expect(referencedFields(parse({}))).toEqual(new Set());
  expect(referencedFields(parse(JSON.parse('{"__proto__":{"eq":1}}')))).toEqual(new Set(["__proto__"]));
  expect(referencedFields(parse({ city: { regex: "x" } }))).toEqual(new Set());
});

it("an empty filter is one that was given nothing, and no other that asks nothing", () => {
  for (const filter of [undefined, null, {}, { or: {} }]) expect(isEmptyFilter(parse(filter))).toBe(true);
  for (const filter of [{ and: [] }, { or: [] }, { not: {} }, { city: {} }, { city: { regex: "x" } }]) {
    expect(isEmptyFilter(parse(filter))).toBe(false);
  }
});
