import { describe, expect, it } from "vitest";
import { FIELDS, match, parse } from "./fixtures.ts";

type Expected = boolean | "error";

const YES = { city: { eq: "Paris" } };
const NO = { city: { eq: "Rome" } };
/** Twenty's matcher throws here: `like` is no operator of numbers. */
const THROWS = { age: { like: "%" } };

const alive = { city: "Paris", age: 5, deletedAt: null };
const deleted = { ...alive, deletedAt: "2026-01-01T00:00:00Z" };

const judge = (filter: unknown, record: Record<string, unknown> = alive) => match(filter, record, { fields: FIELDS });

describe("the structure of a filter", () => {
  it.each<[string, unknown, Expected]>([
    ["no filter", undefined, true],
    ["null", null, true],
    ["an empty filter", {}, true],
    ["several keys are all asked", { city: { eq: "Paris" }, age: { eq: 5 } }, true],
    ["several keys, one not met", { city: { eq: "Paris" }, age: { eq: 6 } }, false],
    ["and", { and: [YES, YES] }, true],
    ["and, one not met", { and: [YES, NO] }, false],
    ["and of nothing", { and: [] }, true],
    ["and of empty filters", { and: [{}, {}] }, true],
    ["or", { or: [NO, YES] }, true],
    ["or, none met", { or: [NO, NO] }, false],
    ["or of nothing", { or: [] }, true],
    ["or of an object asks all of it", { or: { city: { eq: "Paris" }, age: { eq: 6 } } }, false],
    ["or of an empty object", { or: {} }, true],
    ["or of an object that holds groups", { or: { and: [YES], not: NO } }, true],
    ["not", { not: NO }, true],
    ["not, met", { not: YES }, false],
    ["not of an empty filter", { not: {} }, true],
    ["not of several keys", { not: { city: { eq: "Paris" }, age: { eq: 6 } } }, true],
    ["groups beside conditions", { city: { eq: "Paris" }, or: [NO, YES], not: NO }, true],
    ["nested", { and: [{ or: [NO, { not: { and: [YES, NO] } }] }] }, true],
    ["a condition that asks nothing", { city: {} }, true],
    ["a condition that asks nothing of no field", { nowhere: {} }, true],
    ["a field that the object does not have", { nowhere: { is: "NULL" } }, "error"],
    ["not of such a field", { not: { nowhere: { eq: "a" } } }, "error"],
    ["a field named as something of every object", { constructor: { is: "NULL" } }, "error"],
    ["the same by another name", JSON.parse('{"__proto__": {"is": "NULL"}}'), "error"],
  ])("%s", (_, filter, expected) => expect(judge(filter)).toBe(expected));

  it.each<[string, unknown, Expected]>([
    ["alone", THROWS, "error"],
    ["under not", { not: THROWS }, "error"],
    ["under not twice", { not: { not: THROWS } }, "error"],
    ["in an or, before one that is met", { or: [THROWS, YES] }, "error"],
    ["in an or, behind one that is met", { or: [YES, THROWS] }, true],
    ["in an and, before one that is not met", { and: [THROWS, NO] }, "error"],
    ["in an and, behind one that is not met", { and: [NO, THROWS] }, false],
    ["in several keys, behind one that is not met", { city: { eq: "Rome" }, ...THROWS }, false],
  ])("an error %s", (_, filter, expected) => expect(judge(filter)).toBe(expected));

  it.each([
    { filter: { not: { city: { eq: "Rome" } } }, record: { city: null }, expected: true },
    { filter: { city: { neq: "Rome" } }, record: { city: null }, expected: false },
  ])("$filter on $record is $expected", ({ filter, record, expected }) => {
    expect(match(filter, record, { fields: FIELDS })).toBe(expected);
  });
});

describe("a record that is deleted softly", () => {
  it.each<[string, unknown, boolean]>([
    ["an empty filter", {}, false],
    ["a condition", YES, false],
    ["a condition that asks nothing", { city: {} }, false],
    ["a condition on deletedAt", { deletedAt: { is: "NOT_NULL" } }, false],
    ["a field that the object does not have", { nowhere: { eq: 1 } }, false],
    ["and of nothing, which has no condition", { and: [] }, true],
    ["or of nothing", { or: [] }, true],
    ["or of an empty object", { or: {} }, false],
    ["not of an empty filter", { not: {} }, true],
    ["not of a condition", { not: YES }, true],
  ])("%s", (_, filter, expected) => {
    expect(judge(filter, deleted)).toBe(expected);
  });

  it("is matched like any other when the event deletes or restores it", () => {
    const options = { fields: FIELDS, includesDeleted: true };
    expect(match({}, deleted, options)).toBe(true);
    expect(match(YES, deleted, options)).toBe(true);
    expect(match({ not: YES }, deleted, options)).toBe(false);
    expect(match({ deletedAt: { is: "NOT_NULL" } }, deleted, options)).toBe(true);
  });
});

describe("a filter that is wrong in itself", () => {
  const BAD_GROUP = "and, or or not over something else than filters";
  const BAD_VALUE = "a value that does not fit its operator";
  const UNKNOWN = "an unknown operator";

  it.each<[string, unknown, string]>([
    ["a text", "city", "a filter that is no object"],
    ["a number", 5, "a filter that is no object"],
    ["a list", [YES], "a filter that is no object"],
    ["a filter in a list that is none", { and: [YES, null] }, "a filter that is no object"],
    ["and of an object", { and: YES }, BAD_GROUP],
    ["and of null", { and: null }, BAD_GROUP],
    ["or of a text", { or: "city" }, BAD_GROUP],
    ["not of null", { not: null }, BAD_GROUP],
    ["not of a list", { not: [YES] }, BAD_GROUP],
    ["a field of null", { city: null }, BAD_VALUE],
    ["a field of a text", { city: "Paris" }, BAD_VALUE],
    ["a field of a list", { city: ["Paris"] }, BAD_VALUE],
    ["an operator that is none", { city: { contains: "Paris" } }, UNKNOWN],
    ["one of every object", { city: { constructor: "Paris" } }, UNKNOWN],
    ["an operator that is none in a part", { name: { firstName: { contains: "Ada" } } }, UNKNOWN],
    ["a part of a part", { name: { firstName: { first: { eq: "A" } } } }, UNKNOWN],
    ["regex", { city: { regex: "^P" } }, "regex or iregex"],
    ["iregex", { city: { eq: "Paris", iregex: "^P" } }, "regex or iregex"],
    ["regex in a part", { name: { firstName: { regex: "^P" } } }, "regex or iregex"],
    ["is of another word", { city: { is: "null" } }, BAD_VALUE],
    ["in of a text", { city: { in: "Paris" } }, BAD_VALUE],
    ["in of lists", { city: { in: [["Paris"]] } }, BAD_VALUE],
    ["containsAny of null", { tags: { containsAny: null } }, BAD_VALUE],
    ["like of a number", { city: { like: 5 } }, BAD_VALUE],
    ["ilike of null", { city: { ilike: null } }, BAD_VALUE],
    ["eq of an object", { city: { eq: { a: 1 } } }, BAD_VALUE],
    ["eq of a value of the caller", { city: { eq: { $caller: "userId" } } }, BAD_VALUE],
  ])("%s matches nothing, wherever it stands", (_, filter, reason) => {
    expect(parse(filter)).toEqual({ valid: false, reason });
    expect(judge(filter)).toBe(false);
    expect(judge({ not: filter })).toBe(false);
    expect(judge({ or: [YES, filter] })).toBe(false);
  });
});
