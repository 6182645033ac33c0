import fc from "fast-check";

/**
 * Random roles, callers and events for tests of permissions, and what each caller may see by the plainest reading of the
 * rules. Every value of a record is a text of its own, `[<event>:<side>:<field>]`, so that wherever one turns up tells
 * whether it may be there.
 */
export interface PermissionCase {
  readonly roles: Readonly<Record<RoleId, RoleCase>>;
  /** Which roles each caller has; `null` is a caller that the snapshot does not name. */
  readonly callers: Readonly<Record<CallerName, readonly string[] | null>>;
}

const ROLES = ["r0", "r1", "r2"] as const;
type RoleId = (typeof ROLES)[number];
export const CALLERS = ["ada", "ben", "cy", "application"] as const;
export type CallerName = (typeof CALLERS)[number];
/** Of the users; the application acts for the first. */
export const USER_WORKSPACES = {
  ada: "aaaaaaaa-0000-4000-8000-00000000000a",
  ben: "aaaaaaaa-0000-4000-8000-00000000000b",
  cy: "aaaaaaaa-0000-4000-8000-00000000000c",
} as const;
export const APPLICATION = "aaaaaaaa-0000-4000-8000-00000000000d";

const OBJECTS = ["person", "company"] as const;
const FIELDS = ["name", "salary", "createdBy", "company", "companyId"] as const;
type Field = (typeof FIELDS)[number];
const OWNERS = ["A", "B", null] as const;

interface ObjectCase {
  readonly canRead: boolean;
  readonly restrictedFields: readonly string[];
  readonly rowFilter: (typeof ROW_FILTERS)[number];
}
type RoleCase = Readonly<Partial<Record<(typeof OBJECTS)[number] | "*", ObjectCase>>>;

interface Row {
  readonly owner: (typeof OWNERS)[number];
  readonly ownerId: string;
}

export interface EventCase {
  readonly objectNameSingular: (typeof OBJECTS)[number];
  readonly action: "created" | "updated" | "deleted" | "destroyed" | "restored" | "upserted";
  readonly before: Row;
  readonly after: Row;
  readonly sides: "both" | "before" | "after";
  readonly updatedFields: readonly Field[] | null;
  readonly hasDiff: boolean;
}

const ROW_FILTERS = ["none", "empty", "owner A", "not owner A", "owner A or B", "own", "wrong type"] as const;

function rowFilterJson(name: ObjectCase["rowFilter"]): object | undefined {
  switch (name) {
    case "none":
      return undefined;
    case "empty":
      return {};
    case "owner A":
      return { owner: { eq: "A" } };
    case "not owner A":
      return { not: { owner: { eq: "A" } } };
    case "owner A or B":
      return { owner: { in: ["A", "B"] } };
    case "own":
      return { ownerId: { eq: { $caller: "userWorkspaceId" } } };
    case "wrong type":
      return { position: { eq: "1" } };
  }
}

function passes(name: ObjectCase["rowFilter"], { owner, ownerId }: Row, caller: CallerName): boolean {
  switch (name) {
    case "none":
    case "empty":
      return true;
    case "owner A":
      return owner === "A";
    case "not owner A":
      return owner !== "A";
    case "owner A or B":
      return owner !== null;
    case "own":
      return ownerId === USER_WORKSPACES[caller === "application" ? "ada" : caller];
    case "wrong type":
      return false;
  }
}

const row = fc.record({
  owner: fc.constantFrom(...OWNERS),
  ownerId: fc.constantFrom(...Object.values(USER_WORKSPACES)),
});
const objectCase: fc.Arbitrary<ObjectCase> = fc.record({
  canRead: fc.constantFrom(...Array(7).fill(true), false) as fc.Arbitrary<boolean>,
  restrictedFields: fc.subarray([...FIELDS]),
  rowFilter: fc.constantFrom("none", "none", "none", ...ROW_FILTERS),
});
const roleCase: fc.Arbitrary<RoleCase> = fc.record(
  { person: objectCase, company: objectCase, "*": objectCase },
  { requiredKeys: [] },
);
const roleIds = fc.oneof(
  { weight: 8, arbitrary: fc.subarray([...ROLES], { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(null, [], ["ghost"], ["r0", "ghost"]) },
);

export const permissionCase: fc.Arbitrary<PermissionCase> = fc.record({
  roles: fc.record({ r0: roleCase, r1: roleCase, r2: roleCase }),
  callers: fc.record({ ada: roleIds, ben: roleIds, cy: roleIds, application: roleIds }),
});

export const eventCase: fc.Arbitrary<EventCase> = fc.record({
  objectNameSingular: fc.constantFrom(...OBJECTS),
  action: fc.constantFrom("created", "updated", "updated", "updated", "deleted", "destroyed", "restored", "upserted"),
  before: row,
  after: row,
  sides: fc.constantFrom("both", "both", "before", "after"),
  updatedFields: fc.option(fc.subarray([...FIELDS], { minLength: 1 })),
  hasDiff: fc.boolean(),
});

/** The snapshot as a server sends it. */
export function snapshotOf({ roles, callers }: PermissionCase, version: number): object {
  const { application, ...users } = callers;
  const members = Object.entries(users).filter(([, ids]) => ids !== null);
  const objectsOf = (role: RoleCase) =>
    Object.fromEntries(
      Object.entries(role).map(([name, { rowFilter, ...rule }]) => [
        name,
        { ...rule, rowFilter: rowFilterJson(rowFilter) },
      ]),
    );
  return {
    version,
    roles: Object.fromEntries(Object.entries(roles).map(([id, role]) => [id, { objects: objectsOf(role) }])),
    members: Object.fromEntries(members.map(([name, ids]) => [USER_WORKSPACES[name as keyof typeof users], ids])),
    applications: application === null ? {} : { [APPLICATION]: application },
    fields: Object.fromEntries(OBJECTS.map((name) => [name, { position: "POSITION" }])),
  };
}

/** A batch of one event as a server publishes it. */
export function messageOf(event: EventCase, n: number, workspaceId: string): object {
  const { objectNameSingular, action, sides, updatedFields, hasDiff } = event;
  const value = (side: string, field: Field) => {
    const text = `[${n}:${side}:${field}]`;
    if (field === "createdBy") return { source: "MANUAL", name: text };
    // A record of another object: but for its id it is nobody's.
    return field === "company" ? { id: text, name: `[${n}:${side}:related]` } : text;
  };
  const record = (side: "before" | "after") => ({
    id: `record-${n}`,
    ...event[side],
    ...Object.fromEntries(FIELDS.map((field) => [field, value(side, field)])),
  });
  const touched = updatedFields ?? FIELDS;
  const diff = touched.map((field) => [field, { before: value("diff", field), after: value("diff", field) }]);
  const properties = {
    ...(sides !== "after" && { before: record("before") }),
    ...(sides !== "before" && { after: record("after") }),
    ...(hasDiff && { diff: Object.fromEntries(diff) }),
    ...(updatedFields !== null && { updatedFields }),
  };
  return { name: `${objectNameSingular}.${action}`, workspaceId, events: [{ recordId: `record-${n}`, properties }] };
}

/** The values of an event that a caller may see: those of its `record`, and all. None when the event is not for it. */
export function visibleValues(permissions: PermissionCase, caller: CallerName, event: EventCase, n: number) {
  const nothing = { record: new Set<string>(), all: new Set<string>() };
  const rules = rulesOf(permissions, caller, event.objectNameSingular);
  if (rules === undefined) return nothing;
  const admits = (side: "before" | "after") => rules.every(({ rowFilter }) => passes(rowFilter, event[side], caller));
  const main = event.sides === "before" ? "before" : "after";
  if (!admits(main)) return nothing;
  const restricted = new Set(rules.flatMap(({ restrictedFields }) => restrictedFields));
  if (restricted.has("company") || restricted.has("companyId")) restricted.add("company").add("companyId");
  const { updatedFields, hasDiff } = event;
  const touched = updatedFields ?? (hasDiff && event.action === "updated" ? FIELDS : []);
  if (touched.length > 0 && touched.every((field) => restricted.has(field))) return nothing;
  if (updatedFields === null && !hasDiff && event.action === "updated" && event.sides === "both") {
    // Every field differs, those of the row too unless they are equal.
    const isRowEqual = event.before.owner === event.after.owner && event.before.ownerId === event.after.ownerId;
    if (isRowEqual && FIELDS.every((field) => restricted.has(field))) return nothing;
  }
  const isFiltered = rules.some(({ rowFilter }) => rowFilter !== "none" && rowFilter !== "empty");
  const showsPast = event.sides === "after" ? !isFiltered : event.sides === "before" || admits("before");
  const sides = [main, ...(event.sides === "both" && showsPast ? ["before"] : [])];
  const values = (side: string, fields: readonly Field[]) =>
    fields.filter((field) => !restricted.has(field)).map((field) => `[${n}:${side}:${field}]`);
  const ofDiff = hasDiff && showsPast ? values("diff", updatedFields ?? FIELDS) : [];
  return {
    record: new Set(values(main, FIELDS)),
    all: new Set([...sides.flatMap((side) => values(side, FIELDS)), ...ofDiff]),
  };
}

/** Whether a condition on a field may match for a caller. */
export function hidesField(permissions: PermissionCase, caller: CallerName, object: "person", field: Field): boolean {
  const rules = rulesOf(permissions, caller, object);
  return rules === undefined || rules.some(({ restrictedFields }) => restrictedFields.includes(field));
}

function rulesOf({ roles, callers }: PermissionCase, caller: CallerName, object: "person" | "company") {
  // An application acts for the first user.
  const parts = caller === "application" ? [callers.application, callers.ada] : [callers[caller]];
  if (parts.some((part) => part === null || part.length === 0)) return undefined;
  const rules = parts
    .flatMap((part) => part ?? [])
    .map((id) => {
      const role = roles[id as RoleId] as RoleCase | undefined;
      return role?.[object] ?? role?.["*"];
    });
  return rules.every((rule) => rule?.canRead === true) ? (rules as readonly ObjectCase[]) : undefined;
}

/** The values of records in a text. */
export function valuesIn(text: string): Set<string> {
  return new Set(text.match(/\[\d+:\w+:\w+\]/g));
}
