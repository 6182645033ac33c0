import { describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { parseMembersPatch, parseSnapshot } from "../../../src/core/permissions/parse-snapshot.ts";
import { MemoryPermissionStore } from "../../../src/core/permissions/permission-store.ts";
import { Permissions } from "../../../src/core/permissions/permissions.ts";
import type { Principal } from "../../../src/core/principal.ts";
import type { RecordEvent, RecordMessage } from "../../../src/core/pubsub/message.ts";
import { describePermissionStore } from "../../support/permission-store-contract.ts";
import { permissionsOf } from "../../support/permissions-of.ts";

describePermissionStore("MemoryPermissionStore", () => new MemoryPermissionStore());

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const [SALES, AUDIT, MANAGER] = [uuid(1), uuid(2), uuid(3)];
const TOKEN = { workspaceId: uuid(9), issuedAt: 0, expiresAt: 1 };
const user = (n: number, rest: object = {}): Principal => ({
  ...{ ...TOKEN, kind: "user", userId: uuid(100 + n), userWorkspaceId: uuid(200 + n) },
  ...rest,
});
const apiKey: Principal = { ...TOKEN, kind: "apiKey", apiKeyId: uuid(50) };
const application = (userWorkspaceId?: string): Principal => ({
  ...{ ...TOKEN, kind: "application", applicationId: uuid(60) },
  ...(userWorkspaceId !== undefined && { userWorkspaceId }),
});

interface Rule {
  readonly canRead: boolean;
  readonly restrictedFields?: readonly string[];
  readonly rowFilter?: object;
}

/** Permissions with one role for user 1, and whatever else a test says. */
function permissionsWith(objects: Record<string, Rule>, rest: object = {}, isOpen = false) {
  const store = new MemoryPermissionStore();
  const permissions = new Permissions({
    workspaceId: "w",
    stored: store,
    store: () => store,
    limits: DEFAULT_LIMITS,
    isOpen,
  });
  const snapshot = {
    version: 1,
    roles: { [SALES]: { objects } },
    members: { [uuid(201)]: SALES },
    ...rest,
  };
  expect(permissions.put(parseSnapshot(snapshot, DEFAULT_LIMITS))).toEqual({ taken: true, version: 1 });
  return permissions;
}

const batch = (
  properties: RecordEvent["properties"],
  action: RecordMessage["action"] = "updated",
  rest: Partial<RecordMessage> = {},
): RecordMessage => ({
  ...{ kind: "record", objectNameSingular: "person", action },
  events: [{ recordId: "1", properties }],
  ...rest,
});
/** What a caller sees of the one event of a message. */
const seen = (permissions: Permissions, message: RecordMessage, caller = user(1)) =>
  permissions.viewerOf(caller).see(message, message.events[0] as RecordEvent)?.properties;
const ADA = { id: "1", name: "ada", salary: 5 };

describe("objects", () => {
  it.each<[string, Record<string, Rule>, boolean]>([
    ["named and readable", { person: { canRead: true } }, true],
    ["named and not readable, whatever * says", { person: { canRead: false }, "*": { canRead: true } }, false],
    ["named by *", { "*": { canRead: true } }, true],
    ["named neither itself nor by *", { company: { canRead: true } }, false],
  ])("[PERM-1] %s", (_, objects, isSeen) => {
    const message = batch({ after: ADA }, "created");
    expect(seen(permissionsWith(objects), message) !== undefined).toBe(isSeen);
  });

  it("[PERM-2] are kept from a caller that is found nowhere, and from one whose role is not there", () => {
    const permissions = permissionsWith(
      { "*": { canRead: true } },
      { members: { [uuid(201)]: SALES, [uuid(202)]: AUDIT } },
    );
    const message = batch({ after: ADA }, "created");
    expect([1, 2, 3].map((n) => seen(permissions, message, user(n)) !== undefined)).toEqual([true, false, false]);
    expect(seen(permissions, message, apiKey)).toBeUndefined();
    expect(seen(permissions, message, application())).toBeUndefined();
  });
});

describe("fields", () => {
  const permissions = permissionsWith({ person: { canRead: true, restrictedFields: ["salary", "company"] } });
  it("[PERM-3] that are restricted are nowhere in an event", () => {
    const message = batch({
      updatedFields: ["name", "salary"],
      before: { ...ADA, salary: 4, companyId: "c" },
      after: { ...ADA, company: { id: "c" } },
      diff: { name: { before: "a", after: "b" }, salary: { before: 4, after: 5 } },
    });
    expect(seen(permissions, message)).toEqual({
      updatedFields: ["name"],
      before: { id: "1", name: "ada" },
      after: { id: "1", name: "ada" },
      diff: { name: { before: "a", after: "b" } },
    });
  });

  it("[PERM-3] are a relation and its column alike, whatever the column is named", () => {
    const fields = [{ name: "company", type: "RELATION", joinColumnName: "employerId" }];
    const message = batch({ after: { id: "1", employerId: "c", company: null } }, "created", {
      objectMetadata: { nameSingular: "person", fields },
    });
    expect(seen(permissions, message)?.after).toEqual({ id: "1" });
    const viewer = permissions.viewerOf(user(1));
    expect(["company", "employerId", "name"].map((field) => viewer.hides(message, field))).toEqual([true, true, false]);
  });

  it.each<[string, RecordEvent["properties"], boolean]>([
    ["updatedFields", { updatedFields: ["salary"], after: ADA }, false],
    ["a column of updatedFields", { updatedFields: ["companyId"], after: ADA }, false],
    ["the difference", { diff: { salary: {} }, after: ADA }, false],
    ["before and after", { before: { ...ADA, salary: 1 }, after: ADA }, false],
    ["more than that", { updatedFields: ["salary", "name"], after: ADA }, true],
    ["nothing that is told", { updatedFields: [], after: ADA }, true],
  ])("[PERM-4] an update that touched only such fields, by %s, is not delivered", (_, properties, isSeen) => {
    expect(seen(permissions, batch(properties)) !== undefined).toBe(isSeen);
  });
});

describe("rows", () => {
  const OWN = { ownerId: { eq: { $caller: "workspaceMemberId" } } };
  const permissions = permissionsWith(
    { person: { canRead: true, rowFilter: OWN } },
    { members: { [uuid(201)]: SALES, [uuid(202)]: SALES } },
  );
  const member = (n: number) => user(n, { workspaceMemberId: uuid(300 + n) });
  const ownedBy = (n: number) => ({ ...ADA, ownerId: uuid(300 + n) });

  it("[PERM-5] are judged on the record after the change, else before, by the caller's own values", () => {
    const message = batch({ after: ownedBy(1) }, "created");
    expect([1, 2].map((n) => seen(permissions, message, member(n)) !== undefined)).toEqual([true, false]);
    expect(seen(permissions, batch({ before: ownedBy(1) }, "destroyed"), member(1))).toBeDefined();
    // A caller that has no such value.
    expect(seen(permissions, message, user(1))).toBeUndefined();
  });

  it("[PERM-6] a record before the change that fails them is left out, with the difference", () => {
    const message = batch({ before: ownedBy(2), after: ownedBy(1), diff: { ownerId: {} }, updatedFields: ["ownerId"] });
    expect(seen(permissions, message, member(1))).toEqual({ after: ownedBy(1), updatedFields: ["ownerId"] });
    expect(seen(permissions, message, member(2))).toBeUndefined();
  });

  it("[PERM-7] callers share a class exactly when they may see the same", () => {
    const keyOf = (caller: Principal) => permissions.viewerOf(caller).key;
    expect(keyOf(member(1))).not.toBe(keyOf(member(2)));
    const plain = permissionsWith({ "*": { canRead: true } }, { members: { [uuid(201)]: SALES, [uuid(202)]: SALES } });
    expect(plain.viewerOf(member(1))).toBe(plain.viewerOf(member(2)));
    expect(plain.viewerOf(member(1)).key).not.toBe(plain.viewerOf(member(3)).key);
  });
});

describe("several roles", () => {
  const roles = {
    [SALES]: {
      objects: { "*": { canRead: true }, person: { canRead: true, restrictedFields: ["salary"] } },
      permissionFlags: ["AI", "WORKFLOWS"],
    },
    [AUDIT]: {
      objects: { person: { canRead: true, restrictedFields: ["name"] } },
      permissionFlags: ["AI", "SECURITY"],
    },
    [MANAGER]: { objects: { "*": { canRead: true } }, permissionFlags: ["AI"] },
  };
  const permissions = permissionsWith(
    {},
    {
      roles,
      members: { [uuid(201)]: [SALES, AUDIT], [uuid(202)]: MANAGER },
      apiKeys: { [uuid(50)]: SALES },
      applications: { [uuid(60)]: AUDIT },
    },
  );
  const person = batch({ after: ADA }, "created");
  const company = { ...person, objectNameSingular: "company" };

  it("[PERM-8] of one caller, or of an application and its user, allow what all of them allow", () => {
    expect(seen(permissions, person)?.after).toEqual({ id: "1" });
    expect(seen(permissions, company)).toBeUndefined();
    expect(seen(permissions, person, application(uuid(202)))?.after).toEqual({ id: "1", salary: 5 });
    expect(seen(permissions, company, application(uuid(202)))).toBeUndefined();
    expect(seen(permissions, person, application(uuid(203)))).toBeUndefined();
    expect(seen(permissions, person, application())?.after).toEqual({ id: "1", salary: 5 });
    expect(seen(permissions, company, apiKey)).toBeDefined();
  });

  it("[PERM-8] have the flags that all of them have", () => {
    const flagsOf = (caller: Principal) =>
      ["AI", "WORKFLOWS", "SECURITY"].filter((flag) => permissions.viewerOf(caller).hasFlag(flag));
    expect(flagsOf(user(1))).toEqual(["AI"]);
    expect(flagsOf(apiKey)).toEqual(["AI", "WORKFLOWS"]);
    expect(flagsOf(user(9))).toEqual([]);
  });
});

describe("a snapshot", () => {
  it("[PERM-9] is taken when it is newer, or the same again", () => {
    const permissions = permissionsWith({ "*": { canRead: true } });
    const put = (version: number, canRead = true) =>
      permissions.put(
        parseSnapshot(
          { version, roles: { [SALES]: { objects: { "*": { canRead } } } }, members: { [uuid(201)]: SALES } },
          DEFAULT_LIMITS,
        ),
      );
    expect(put(1)).toEqual({ taken: true, version: 1 });
    expect(put(1, false)).toMatchObject({ taken: false, code: "VERSION_CONFLICT", version: 1 });
    expect(put(0)).toMatchObject({ taken: false, version: 1 });
    expect(put(2, false)).toEqual({ taken: true, version: 2 });
    expect(seen(permissions, batch({ after: ADA }))).toBeUndefined();
  });

  it("[PERM-10] has its members changed under the same rule; null takes one out", () => {
    const permissions = permissionsWith({ "*": { canRead: true } });
    const patch = (version: number, members: object) =>
      permissions.patch(parseMembersPatch({ version, members }, DEFAULT_LIMITS));
    expect(patch(2, { [uuid(202)]: SALES, [uuid(201)]: null })).toEqual({ taken: true, version: 2 });
    expect([1, 2].map((n) => seen(permissions, batch({ after: ADA }), user(n)) !== undefined)).toEqual([false, true]);
    expect(patch(2, { [uuid(202)]: SALES, [uuid(201)]: null })).toEqual({ taken: true, version: 2 });
    expect(patch(2, { [uuid(202)]: AUDIT })).toMatchObject({ taken: false, version: 2 });
    expect(patch(1, {})).toMatchObject({ taken: false, version: 2 });
  });

  it("[PERM-10] that is not there has no members to change", () => {
    const store = new MemoryPermissionStore();
    const permissions = new Permissions({
      workspaceId: "w",
      stored: undefined,
      store: () => store,
      limits: DEFAULT_LIMITS,
      isOpen: true,
    });
    const patch = parseMembersPatch({ version: 1, members: {} }, DEFAULT_LIMITS);
    expect(permissions.patch(patch)).toMatchObject({ taken: false, version: null });
  });

  it("[PERM-10] [LIMIT-52] has members taken out and changed also where there are more than a lowered limit allows", () => {
    const store = new MemoryPermissionStore();
    const roles = { [SALES]: { objects: { "*": { canRead: true } } } };
    store.put(
      parseSnapshot({ version: 1, roles, members: { [uuid(201)]: SALES, [uuid(202)]: SALES } }, DEFAULT_LIMITS),
    );
    const limits = { ...DEFAULT_LIMITS, MAX_MEMBERS: 1 };
    const permissions = new Permissions({ workspaceId: "w", stored: store, store: () => store, limits, isOpen: false });
    const patch = (version: number, members: object) =>
      permissions.patch(parseMembersPatch({ version, members }, DEFAULT_LIMITS));
    expect(patch(2, { [uuid(201)]: AUDIT })).toEqual({ taken: true, version: 2 });
    expect(patch(3, { [uuid(203)]: SALES })).toMatchObject({ taken: false, code: "TOO_LARGE" });
    expect(patch(3, { [uuid(202)]: null })).toEqual({ taken: true, version: 3 });
    expect(patch(4, { [uuid(202)]: SALES })).toMatchObject({ taken: false, code: "TOO_LARGE" });
    expect([1, 2].map((n) => seen(permissions, batch({ after: ADA }), user(n)) !== undefined)).toEqual([false, false]);
  });

  it("[PERM-10] is not parsed again for a change of its members", () => {
    const permissions = permissionsWith({ "*": { canRead: true } });
    const parse = vi.spyOn(JSON, "parse");
    permissions.patch({ version: 2, members: new Map([[uuid(202), [SALES]]]) });
    expect(seen(permissions, batch({ after: ADA }), user(2))).toBeDefined();
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });

  it("[PERM-11] that is not there shows everything where it may be missing, and no record where it may not", () => {
    const store = new MemoryPermissionStore();
    const of = (isOpen: boolean) =>
      new Permissions({ workspaceId: "w", stored: store, store: () => store, limits: DEFAULT_LIMITS, isOpen });
    const message = batch({ after: ADA });
    expect([true, false].map((isOpen) => seen(of(isOpen), message) !== undefined)).toEqual([true, false]);
    expect([of(true).notDelivering, of(false).notDelivering]).toEqual([
      undefined,
      expect.stringContaining("no permission snapshot"),
    ]);
  });

  it("[PERM-12] [ADMIN-2] that can no longer be read grants nothing, is logged, and told to whoever inspects", () => {
    const log = vi.spyOn(console, "error").mockReturnValue();
    const store = new MemoryPermissionStore();
    store.put({ version: 3, rules: '{"roles":{"x":{"objects":{"*":{}}}}}', members: new Map([[uuid(201), ["x"]]]) });
    const permissions = permissionsOf(undefined, store);
    expect([permissions.version, seen(permissions, batch({ after: ADA }))]).toEqual([3, undefined]);
    expect(permissions.notDelivering).toContain("cannot be read");
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });

  it("[PERM-12] goes on to hold when a limit is lowered that its row filters were within", () => {
    const store = new MemoryPermissionStore();
    const open = (limits: typeof DEFAULT_LIMITS) =>
      new Permissions({ workspaceId: "w", stored: store, store: () => store, limits, isOpen: false });
    const rowFilter = { name: { in: ["ada", "bob", "eve"] } };
    const roles = { [SALES]: { objects: { person: { canRead: true, rowFilter } } } };
    open(DEFAULT_LIMITS).put(parseSnapshot({ version: 1, roles, members: { [uuid(201)]: SALES } }, DEFAULT_LIMITS));
    const lowered = open({ ...DEFAULT_LIMITS, MAX_QUERY_IN_VALUES: 2 });
    expect(seen(lowered, batch({ after: ADA }))).toBeDefined();
  });

  it.each<[string, unknown]>([
    ["no version", { roles: {}, members: {} }],
    ["a version that is no integer", { version: 1.5, roles: {}, members: {} }],
    ["an object without canRead", { version: 1, roles: { a: { objects: { x: {} } } }, members: {} }],
    [
      "a wrong row filter",
      {
        version: 1,
        roles: { a: { objects: { x: { canRead: true, rowFilter: { n: { regex: "a" } } } } } },
        members: {},
      },
    ],
    ["members that are a list", { version: 1, roles: {}, members: [] }],
    ["no roles", { version: 1, members: {} }],
  ])("[PERM-13] with %s is refused", (_, input) => {
    expect(() => parseSnapshot(input, DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
  });

  it("[LIMIT-51] [LIMIT-52] of too many bytes or members is refused", () => {
    const limits = { ...DEFAULT_LIMITS, MAX_PERMISSIONS_BYTES: 200, MAX_MEMBERS: 1 };
    const tooLarge = expect.objectContaining({ code: "TOO_LARGE" });
    expect(() => parseSnapshot({ version: 1, roles: {}, members: {}, fill: "x".repeat(300) }, limits)).toThrow(
      tooLarge,
    );
    expect(() => parseSnapshot({ version: 1, roles: {}, members: { a: "x", b: "x" } }, limits)).toThrow(tooLarge);
  });

  it("[LIMIT-53] whose change has too many bytes is refused", () => {
    const limits = { ...DEFAULT_LIMITS, MAX_MEMBERS_PATCH_BYTES: 50 };
    expect(() => parseMembersPatch({ version: 1, members: { [uuid(1)]: uuid(2) } }, limits)).toThrow(
      expect.objectContaining({ code: "TOO_LARGE" }),
    );
  });
});
