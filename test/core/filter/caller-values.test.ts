import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindCaller, callerValuesOf } from "../../../src/core/filter/caller-values.ts";
import { parseRowFilter } from "../../../src/core/filter/parse-filter.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { anyFilter, fittingRecord, matchParsed } from "./fixtures.ts";

const rows = (filter: unknown) => parseRowFilter(filter, DEFAULT_LIMITS);
const mine = { ownerId: { eq: { $caller: "workspaceMemberId" } } };
const ada = { workspaceMemberId: "ada", userId: "u-ada" };
const nobody = { userWorkspaceId: "w" };

function judge(filter: unknown, caller: object, record: Record<string, unknown>) {
  return matchParsed(bindCaller(rows(filter), caller), record);
}

describe("the row filter of a role", () => {
  it("asks for the caller's own values", () => {
    expect(judge(mine, ada, { ownerId: "ada" })).toBe(true);
    expect(judge(mine, ada, { ownerId: "bob" })).toBe(false);
    expect(judge({ not: mine }, ada, { ownerId: "bob" })).toBe(true);
    const listed = { ownerId: { in: ["bob", { $caller: "userId" }] } };
    expect(judge(listed, ada, { ownerId: "u-ada" })).toBe(true);
    expect(judge(listed, ada, { ownerId: "bob" })).toBe(true);
    const part = { createdBy: { workspaceMemberId: { eq: { $caller: "workspaceMemberId" } } } };
    expect(judge(part, ada, { createdBy: { workspaceMemberId: "ada" } })).toBe(true);
    expect(judge(part, ada, { createdBy: { workspaceMemberId: "bob" } })).toBe(false);
  });

  it.each<[string, unknown, boolean]>([
    ["alone", mine, false],
    ["under not", { not: mine }, false],
    ["under not twice", { not: { not: mine } }, false],
    ["under not and and", { not: { and: [mine, { city: { eq: "Rome" } }] } }, true],
    ["under not and and, the other met", { not: { and: [mine, { city: { eq: "Paris" } }] } }, false],
    ["in an or, before one that is met", { or: [mine, { city: { eq: "Paris" } }] }, true],
    ["under not in an or, before one that is met", { or: [{ not: mine }, { city: { eq: "Paris" } }] }, true],
    ["with other values", { ownerId: { in: ["ada", { $caller: "workspaceMemberId" }] } }, false],
    ["with null", { ownerId: { neq: { $caller: "workspaceMemberId" } } }, false],
  ])("does not match a caller without the value: %s", (_, filter, expected) => {
    for (const ownerId of ["ada", null]) expect(judge(filter, nobody, { ownerId, city: "Paris" })).toBe(expected);
  });

  it("matches nothing as long as it is not bound", () => {
    for (const filter of [mine, { not: mine }, { or: [{ city: { eq: "Paris" } }, mine] }]) {
      expect(matchParsed(rows(filter), { ownerId: "ada", city: "Paris" })).toBe(false);
    }
  });

  it("tells which values of the caller it asks for", () => {
    const all = { or: [mine, { not: { a: { in: [{ $caller: "userId" }, "x"] } } }, { b: { c: { eq: 1 } } }] };
    expect(callerValuesOf(rows(all))).toEqual(new Set(["workspaceMemberId", "userId"]));
    expect(callerValuesOf(rows({ a: { eq: "$caller" } }))).toEqual(new Set());
    expect(callerValuesOf(bindCaller(rows(all), { ...ada }))).toEqual(new Set());
    expect(callerValuesOf(rows({ a: { regex: "x" } }))).toEqual(new Set());
  });

  it.each([
    { $caller: "workspaceId" },
    { $caller: "constructor" },
    { $caller: null },
    { $caller: "userId", more: 1 },
    { caller: "userId" },
    {},
  ])("is wrong with %j as a value", (value) => {
    for (const asked of [{ eq: value }, { in: [value] }]) {
      expect(rows({ a: asked })).toEqual({ valid: false, reason: "a value that does not fit its operator" });
    }
  });

  it("stays wrong when it is bound", () => {
    expect(bindCaller(rows({ a: { regex: "x" } }), ada)).toEqual(rows({ a: { regex: "x" } }));
  });

  it("is the same for every caller when it asks for none of their values", () => {
    fc.assert(
      fc.property(anyFilter, fittingRecord, (filter, record) => {
        expect(judge(filter, nobody, record)).toBe(matchParsed(rows(filter), record));
      }),
    );
  });
});
