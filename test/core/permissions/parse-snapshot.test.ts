import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { parseMembersPatch, parseSnapshot } from "../../../src/core/permissions/parse-snapshot.ts";

const MEMBER = "AAAAAAAA-0000-4000-8000-000000000001";
const good = (rest: object = {}) => ({ version: 1, roles: {}, members: {}, ...rest });
const withRule = (rule: unknown) => good({ roles: { r: { objects: { person: rule } } } });
const withFilter = (rowFilter: unknown) => withRule({ canRead: true, rowFilter });

function refusalOf(
  input: unknown,
  limits = {},
  parse: typeof parseSnapshot | typeof parseMembersPatch = parseSnapshot,
) {
  try {
    parse(input, { ...DEFAULT_LIMITS, ...limits });
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return [thrown.code, thrown.message];
  }
  return undefined;
}

describe("a snapshot", () => {
  it("is the same however it is written, and whatever the case of its UUIDs", () => {
    const rule = { canRead: true, restrictedFields: ["salary"] };
    const one = parseSnapshot(
      { version: 1, members: { [MEMBER]: ["b", "a", "a"] }, roles: { r: { objects: { "*": rule } } }, apiKeys: null },
      DEFAULT_LIMITS,
    );
    const other = parseSnapshot(
      {
        unknown: 1,
        roles: { r: { objects: { "*": { restrictedFields: ["salary"], canRead: true } } } },
        members: { [MEMBER.toLowerCase()]: ["a", "b"] },
        version: 1,
      },
      DEFAULT_LIMITS,
    );
    expect({ ...one, rules: one.rules.replace('"apiKeys":null,', "") }).toEqual(other);
    expect([...other.members]).toEqual([[MEMBER.toLowerCase(), ["a", "b"]]]);
  });

  it("[PERM-4] may hold nothing but its version, roles and members", () => {
    expect(refusalOf(good())).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ["no object", [], "snapshot: expected an object."],
    ["no version", { roles: {}, members: {} }, "version: expected an integer from 0."],
    ["a version that is no integer", good({ version: 1.5 }), "version: expected an integer from 0."],
    ["a version that is a text", good({ version: "1" }), "version: expected an integer from 0."],
    ["a version below 0", good({ version: -1 }), "version: expected an integer from 0."],
    ["no members", { version: 1, roles: {} }, "members: expected an object."],
    ["no roles", { version: 1, members: {} }, "roles: expected an object."],
    [
      "a member without a role",
      good({ members: { a: null } }),
      "members[0]: expected a string of 1 to 128 characters.",
    ],
    [
      "a member twice",
      good({ members: { [MEMBER]: "r", [MEMBER.toLowerCase()]: "r" } }),
      "key 1 of members: expected an id that is there once.",
    ],
    [
      "too many roles of a member",
      good({ members: { a: Array(21).fill("r") } }),
      "members[0]: expected at most 20 roles.",
    ],
    ["a role without objects", good({ roles: { r: {} } }), "roles[0].objects: expected an object."],
    ["a rule that does not say canRead", withRule({}), "roles[0].objects[0].canRead: expected true or false."],
    [
      "fields that are no list",
      withRule({ canRead: true, restrictedFields: "a" }),
      "roles[0].objects[0].restrictedFields: expected a list.",
    ],
    [
      "a row filter that is no object",
      withFilter("x"),
      "roles[0].objects[0].rowFilter: expected a filter of docs/filters.md, found a filter that is no object.",
    ],
    [
      "a row filter with regex",
      withFilter({ name: { regex: "a" } }),
      "roles[0].objects[0].rowFilter: expected a filter of docs/filters.md, found regex or iregex.",
    ],
    [
      "a row filter of an unreadable object that is wrong",
      withRule({ canRead: false, rowFilter: 1 }),
      "roles[0].objects[0].rowFilter: expected a filter of docs/filters.md, found a filter that is no object.",
    ],
    [
      "a value of the caller that is none",
      withFilter({ a: { eq: { $caller: "password" } } }),
      "roles[0].objects[0].rowFilter: expected a filter of docs/filters.md, found a value that does not fit its operator.",
    ],
    [
      "flags that are no texts",
      good({ roles: { r: { objects: {}, permissionFlags: [1] } } }),
      "roles[0].permissionFlags[0]: expected a string of 1 to 128 characters.",
    ],
    [
      "a type that is no text",
      good({ fields: { person: { name: 1 } } }),
      "fields[0][0]: expected a string of 1 to 128 characters.",
    ],
  ])("[PERM-4] is refused with what was expected: %s", (_, input, message) => {
    expect(refusalOf(input)).toEqual(["BAD_MESSAGE", message]);
  });

  it("is refused with a row filter past a limit of filters", () => {
    const ids = Array.from({ length: 1_001 }, (_, i) => `${i}`);
    expect(refusalOf(withFilter({ id: { in: ids } }))?.[0]).toBe("QUERY_TOO_LARGE");
    expect(refusalOf(withFilter({ id: { in: ids.slice(1) } }))).toBeUndefined();
  });

  it("[LIMIT-51] has at most MAX_PERMISSIONS_BYTES", () => {
    const input = good({ fields: { person: { name: "TEXT" } } });
    const MAX_PERMISSIONS_BYTES = JSON.stringify(input).length;
    expect(refusalOf(input, { MAX_PERMISSIONS_BYTES })).toBeUndefined();
    expect(refusalOf(input, { MAX_PERMISSIONS_BYTES: MAX_PERMISSIONS_BYTES - 1 })?.[0]).toBe("TOO_LARGE");
    // Short to send, long to store.
    expect(refusalOf(withFilter({ a: { in: Array(30).fill(1e20) } }), { MAX_PERMISSIONS_BYTES: 400 })?.[0]).toBe(
      "TOO_LARGE",
    );
  });

  it("[LIMIT-52] has at most MAX_MEMBERS", () => {
    const input = good({ members: { a: "r", b: "r" } });
    expect(refusalOf(input, { MAX_MEMBERS: 2 })).toBeUndefined();
    expect(refusalOf(input, { MAX_MEMBERS: 1 })).toEqual(["TOO_LARGE", "members: expected at most 1 entries."]);
  });
});

describe("a patch of members", () => {
  it("names roles, several or none", () => {
    const { version, members } = parseMembersPatch(
      { version: 2, members: { a: "r", b: ["s", "r"], c: null } },
      DEFAULT_LIMITS,
    );
    expect([version, ...members]).toEqual([2, ["a", ["r"]], ["b", ["r", "s"]], ["c", null]]);
  });

  it.each<[unknown, string]>([
    [{ members: {} }, "version: expected an integer from 0."],
    [{ version: 1 }, "members: expected an object."],
    [{ version: 1, members: { a: {} } }, "members[0]: expected a string of 1 to 128 characters."],
  ])("[PERM-4] %j is refused", (input, message) => {
    expect(refusalOf(input, {}, parseMembersPatch)).toEqual(["BAD_MESSAGE", message]);
  });

  it("[LIMIT-53] has at most MAX_MEMBERS_PATCH_BYTES", () => {
    const input = { version: 1, members: { a: "r" } };
    const bytes = JSON.stringify(input).length;
    expect(refusalOf(input, { MAX_MEMBERS_PATCH_BYTES: bytes }, parseMembersPatch)).toBeUndefined();
    expect(refusalOf(input, { MAX_MEMBERS_PATCH_BYTES: bytes - 1 }, parseMembersPatch)?.[0]).toBe("TOO_LARGE");
  });
});
