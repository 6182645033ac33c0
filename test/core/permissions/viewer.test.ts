import { describe, expect, it } from "vitest";
import type { Principal } from "../../../src/core/principal.ts";
import type { EventProperties, ObjectMetadata, RecordEvent, RecordMessage } from "../../../src/core/pubsub/message.ts";
import { apiKey, application, permissionsOf, user } from "../../support/permissions-of.ts";

const ALL = { canRead: true };
const FIELDS = [
  { name: "company", type: "RELATION", joinColumnName: "company_ref" },
  { name: "name", type: "TEXT" },
  { name: "notes", type: "RAW_JSON" },
];

function update(properties: EventProperties, rest: Partial<RecordMessage> = {}): RecordMessage {
  return {
    kind: "record",
    objectNameSingular: "person",
    action: "updated",
    events: [{ recordId: "1", properties }],
    ...rest,
  };
}

/** What a caller sees of the first event of a message, under a snapshot of one role `r` for the user `a`, or another. */
function seen(
  rule: object | Record<string, object>,
  message: RecordMessage,
  rest: object = {},
  caller: Principal = user("a"),
) {
  const objects = "canRead" in rule ? { person: rule } : rule;
  const snapshot = { version: 1, roles: { r: { objects } }, members: { a: "r" }, ...rest };
  const [event] = message.events as [RecordEvent];
  return permissionsOf(snapshot).viewerOf(caller)?.see(message, event)?.properties;
}

const RECORD = { id: "1", name: "Ada", salary: 10 };

describe("readable objects", () => {
  const message = update({ after: RECORD });
  it.each<[string, Record<string, object>, boolean]>([
    ["named by itself", { person: ALL }, true],
    ["named by *", { "*": ALL }, true],
    ["not readable by its own name, which goes before *", { "*": ALL, person: { canRead: false } }, false],
    ["readable by its own name alone", { "*": { canRead: false }, person: ALL }, true],
    ["named neither by itself nor by *", { company: ALL }, false],
  ])("[PERM-1] an object %s", (_, objects, isSeen) => {
    expect(seen(objects, message)).toEqual(isSeen ? { after: RECORD } : undefined);
  });

  it("[PERM-1] names that are hostile are names", () => {
    for (const objectNameSingular of ["__proto__", "constructor", "toString"]) {
      expect(seen({ person: ALL }, { ...message, objectNameSingular })).toBeUndefined();
    }
  });
});

describe("roles of a caller", () => {
  const open = { objects: { "*": ALL } };
  const snapshot = {
    version: 1,
    roles: {
      all: open,
      noSalary: { objects: { "*": { canRead: true, restrictedFields: ["salary"] } } },
      noName: { objects: { "*": { canRead: true, restrictedFields: ["name"] } } },
      ada: { objects: { person: { canRead: true, rowFilter: { name: { eq: "Ada" } } } } },
      none: { objects: {} },
    },
    members: {
      all: "all",
      two: ["noSalary", "noName"],
      ghost: "ghost",
      half: ["all", "ghost"],
      nobody: [],
      bad: ["all", "none"],
      ada: ["ada", "noSalary"],
    },
    apiKeys: { key: "all", badKey: "ghost" },
    applications: { app: "noSalary" },
  };
  const permissions = permissionsOf(snapshot);
  const message = update({ after: RECORD });
  const look = (caller: Principal) =>
    permissions.viewerOf(caller)?.see(message, message.events[0] as RecordEvent)?.properties.after;

  it.each<[string, Principal, object | undefined]>([
    ["[PERM-2] a user by its membership", user("all"), RECORD],
    ["[PERM-2] a user who is no member", user("stranger"), undefined],
    ["[PERM-2] a member with a role that is not there", user("ghost"), undefined],
    ["[PERM-2] a member with one such role among others", user("half"), undefined],
    ["[PERM-2] a member without a role", user("nobody"), undefined],
    ["[PERM-2] an API key", apiKey("key"), RECORD],
    ["[PERM-2] an API key with a role that is not there", apiKey("badKey"), undefined],
    ["[PERM-2] an API key that is not named, though a member is", apiKey("all"), undefined],
    ["[PERM-2] an application by itself", application("app"), { id: "1", name: "Ada" }],
    ["[PERM-2] an application that is not named", application("all"), undefined],
    ["[PERM-8] a member with two roles", user("two"), { id: "1" }],
    ["[PERM-8] a member with a role that cannot read the object", user("bad"), undefined],
    ["[PERM-8] a member whose roles filter and restrict", user("ada"), { id: "1", name: "Ada" }],
    ["[PERM-8] an application for a user", application("app", "two"), { id: "1" }],
    ["[PERM-8] an application for a user without a role", application("app", "nobody"), undefined],
    ["[PERM-8] an application for a user who is no member", application("app", "stranger"), undefined],
    ["[PERM-8] an application that is not named, for a user", application("other", "all"), undefined],
  ])("%s", (_, caller, expected) => expect(look(caller)).toEqual(expected));
});

describe("restricted fields", () => {
  const rule = { canRead: true, restrictedFields: ["salary"] };
  const before = { ...RECORD, salary: 5, name: "Eda" };
  const diff = { salary: { before: 5, after: 10 }, name: { before: "Eda", after: "Ada" } };

  it("[PERM-3] are absent from before, after, diff and updatedFields, and the event stays as it was", () => {
    const message = update({ before, after: RECORD, diff, updatedFields: ["salary", "name"] });
    const copy = structuredClone(message);
    expect(seen(rule, message)).toEqual({
      before: { id: "1", name: "Eda" },
      after: { id: "1", name: "Ada" },
      diff: { name: diff.name },
      updatedFields: ["name"],
    });
    expect(message).toEqual(copy);
  });

  const metadata: ObjectMetadata = { nameSingular: "person", fields: FIELDS };
  it.each<[string, string, RecordMessage["objectMetadata"], object, string[]]>([
    ["by convention, the relation restricted", "company", undefined, {}, ["company_ref"]],
    ["by convention, the column restricted", "companyId", undefined, {}, ["company_ref"]],
    ["by the batch, the relation restricted", "company", metadata, {}, ["companyId"]],
    ["by the batch, the column restricted", "company_ref", metadata, {}, ["companyId"]],
    ["by the snapshot, the relation restricted", "company", undefined, { company: "RELATION" }, ["company_ref"]],
    ["by the snapshot, the column restricted", "companyId", undefined, { company: "MORPH_RELATION" }, ["company_ref"]],
  ])("[PERM-3] a relation and its column are one field %s", (_, restricted, objectMetadata, types, others) => {
    const after = { company: { id: "c" }, companyId: "c", company_ref: "c" };
    const sees = seen({ canRead: true, restrictedFields: [restricted] }, update({ after }, { objectMetadata }), {
      fields: { person: types },
    });
    expect(Object.keys(sees?.after ?? {})).toEqual(others);
  });

  it("[PERM-3] a field that is known to be no relation has no column", () => {
    const fields = { person: { external: "TEXT" } };
    const after = { external: "a", externalId: "b" };
    const restricted = (name: string) => ({ canRead: true, restrictedFields: [name] });
    expect(seen(restricted("external"), update({ after }), { fields })?.after).toEqual({ externalId: "b" });
    expect(seen(restricted("externalId"), update({ after }), { fields })?.after).toEqual({ external: "a" });
  });

  it("[PERM-3] take the search column with them, which holds their words", () => {
    const fields = { person: { words: "TS_VECTOR" } };
    const after = { id: "1", words: "10", searchVector: "10" };
    expect(seen(rule, update({ after }), { fields })?.after).toEqual({ id: "1" });
    expect(seen(ALL, update({ after }), { fields })?.after).toEqual(after);
  });

  it.each<[string, EventProperties, boolean]>([
    ["by updatedFields", { after: RECORD, updatedFields: ["salary"] }, false],
    ["by updatedFields, with another", { after: RECORD, updatedFields: ["salary", "name"] }, true],
    ["by updatedFields, which are empty", { after: RECORD, updatedFields: [] }, true],
    ["by diff", { after: RECORD, diff: { salary: {} } }, false],
    ["by diff, with another", { after: RECORD, diff }, true],
    ["by its records", { before: { ...RECORD, salary: 5, updatedAt: 1 }, after: { ...RECORD, updatedAt: 2 } }, false],
    ["by its records, with another", { before, after: RECORD }, true],
    ["without saying so", { after: RECORD }, true],
  ])("[PERM-4] an update that touched only such fields is not delivered: %s", (_, properties, isSeen) => {
    expect(seen(rule, update(properties)) !== undefined).toBe(isSeen);
  });

  it("[PERM-4] under the other name of a relation as well", () => {
    const message = update({ after: RECORD, updatedFields: ["companyId"] });
    expect(seen({ canRead: true, restrictedFields: ["company"] }, message)).toBeUndefined();
  });
});

describe("row filters", () => {
  const rule = { canRead: true, rowFilter: { name: { eq: "Ada" } } };
  const [ada, eda] = [
    { id: "1", name: "Ada" },
    { id: "1", name: "Eda" },
  ];
  const diff = { name: {} };

  it.each<[string, EventProperties, RecordMessage["action"], EventProperties | undefined]>([
    ["after", { after: ada }, "created", { after: ada }],
    ["after, not before", { before: ada, after: eda, diff }, "updated", undefined],
    ["before, where there is no after", { before: ada }, "destroyed", { before: ada }],
    ["before, where there is no after: not matching", { before: eda }, "destroyed", undefined],
    ["after, of a record that is deleted softly", { after: { ...ada, deletedAt: "2026-01-01" } }, "updated", undefined],
    [
      "after, of the event that deletes it softly",
      { after: { ...ada, deletedAt: "2026-01-01" } },
      "deleted",
      { after: { ...ada, deletedAt: "2026-01-01" } },
    ],
  ])("[PERM-5] are judged on %s", (_, properties, action, expected) => {
    expect(seen(rule, update(properties, { action }))).toEqual(expected);
  });

  it("[PERM-5] an error is no match", () => {
    const fields = { person: { name: "POSITION" } };
    expect(seen(rule, update({ after: ada }), { fields })).toBeUndefined();
  });

  it("[PERM-5] may be about fields that are restricted", () => {
    expect(seen({ ...rule, restrictedFields: ["name"] }, update({ after: ada }))).toEqual({ after: { id: "1" } });
    expect(seen({ ...rule, restrictedFields: ["name"] }, update({ after: eda }))).toBeUndefined();
  });

  it("[PERM-5] an empty one asks nothing", () => {
    const deleted = { ...ada, deletedAt: "2026-01-01" };
    expect(seen({ canRead: true, rowFilter: {} }, update({ after: deleted }))).toEqual({ after: deleted });
  });

  it.each<[string, Principal, string[]]>([
    ["userWorkspaceId", user("a"), ["a"]],
    ["workspaceMemberId", user("a", { workspaceMemberId: "m" }), ["m"]],
    ["workspaceMemberId", user("a"), []],
    ["userId", user("a", { userId: "u" }), ["u"]],
  ])("[PERM-5] $caller %s is the caller's own, and matches nothing where there is none", (name, caller, mine) => {
    const ofCaller = { canRead: true, rowFilter: { owner: { eq: { $caller: name } } } };
    const owners = ["a", "m", "u", null].filter(
      (owner) => seen(ofCaller, update({ after: { id: "1", owner } }), {}, caller) !== undefined,
    );
    expect(owners).toEqual(mine);
  });

  it.each<[string, EventProperties, EventProperties]>([
    ["that fails it", { before: eda, after: ada, diff }, { after: ada }],
    ["that matches it", { before: ada, after: ada, diff }, { before: ada, after: ada, diff }],
    ["that is not there to be judged", { after: ada, diff }, { after: ada }],
  ])("[PERM-6] a before %s", (_, properties, expected) => {
    expect(seen(rule, update(properties))).toEqual(expected);
  });
});

describe("records in records", () => {
  const company = { id: "c", name: "Secret", owner: { id: "o", name: "Secret" } };

  it.each<[string, unknown, unknown]>([
    ["a relation", company, { id: "c" }],
    ["a list of them", [company], [{ id: "c" }]],
    ["a connection", { edges: [{ cursor: "x", node: company }] }, { edges: [{ cursor: "x", node: { id: "c" } }] }],
    [
      "a composite field, which is no record",
      { firstName: "Ada", lastName: null },
      { firstName: "Ada", lastName: null },
    ],
    ["a relation without a text for an id", { id: { name: "Secret" } }, {}],
  ])("[PERM-18] of %s only the id is left", (_, value, expected) => {
    const properties = {
      before: { other: value },
      after: { other: value },
      diff: { other: { before: value, after: value } },
    };
    expect(seen(ALL, update(properties))).toEqual({
      before: { other: expected },
      after: { other: expected },
      diff: { other: { before: expected, after: expected } },
    });
  });

  it("[PERM-18] what is known for a relation is one without an id, and what is known for none is none with one", () => {
    const after = { company: { name: "Secret" }, notes: { id: "n", text: "kept" } };
    const message = update({ after, diff: after }, { objectMetadata: { nameSingular: "person", fields: FIELDS } });
    const expected = { company: {}, notes: after.notes };
    expect(seen(ALL, message)).toEqual({ after: expected, diff: expected });
  });

  it("[PERM-18] whoever names the object of a related record has it checked like any other", () => {
    const viewer = permissionsOf({
      version: 1,
      roles: {
        r: { objects: { company: { canRead: true, restrictedFields: ["revenue"], rowFilter: { name: { eq: "A" } } } } },
      },
      members: { a: "r" },
    }).viewerOf(user("a"));
    expect(viewer?.seeRecord("company", { id: "1", name: "A", revenue: 1 })).toEqual({ id: "1", name: "A" });
    expect(viewer?.seeRecord("company", { id: "1", name: "B" })).toBeUndefined();
    expect(viewer?.seeRecord("person", { id: "1", name: "A" })).toBeUndefined();
  });
});

describe("flags", () => {
  const permissions = permissionsOf({
    version: 1,
    roles: {
      ai: { objects: {}, permissionFlags: ["AI", "WORKFLOWS"] },
      workflows: { objects: {}, permissionFlags: ["WORKFLOWS"] },
    },
    members: { a: "ai", b: ["ai", "workflows"] },
    applications: { app: "workflows" },
  });
  it.each<[string, Principal, string[]]>([
    ["of one role", user("a"), ["AI", "WORKFLOWS"]],
    ["of several roles intersect", user("b"), ["WORKFLOWS"]],
    ["of an application and its user intersect", application("app", "a"), ["WORKFLOWS"]],
    ["of nobody", user("c"), []],
  ])("[PERM-8] %s", (_, caller, flags) => {
    const viewer = permissions.viewerOf(caller);
    expect(["AI", "WORKFLOWS", "SECURITY"].filter((flag) => viewer?.hasFlag(flag))).toEqual(flags);
  });
});
