import { BoundedCache } from "../bounded-cache.ts";
import type { Caller } from "../filter/caller-values.ts";
import { CALLER_VALUES } from "../filter/filter.ts";
import type { FilterLimits } from "../filter/measure-filter.ts";
import type { JsonObject } from "../json.ts";
import { LIMITS, limitsFrom } from "../limits.ts";
import type { Principal } from "../principal.ts";
import { parseRules } from "./parse-rules.ts";
import type { PermissionStore, StoredRules } from "./permission-store.ts";
import { roleViewer } from "./role-viewer.ts";
import type { MembersPatch, PermissionRules, PermissionSnapshot, PermissionsAnswer, RoleIds } from "./snapshot.ts";
import type { Viewer } from "./viewer.ts";

/** What permissions need of their surroundings. */
export interface PermissionsContext {
  /** What is stored of old; undefined for a workspace without a storage. */
  readonly stored: PermissionStore | undefined;
  /** Opens the store, where something is to be written. */
  readonly store: () => PermissionStore;
  readonly maxMembers: number;
}

/** Callers and classes that are remembered; those forgotten are looked up and made again. */
const MAX_REMEMBERED = 20_000;
const MAX_REMEMBERED_BYTES = 8 * 1024 * 1024;

/** The row filters in a stored snapshot met the limits of their day. */
const STORED_FILTERS: FilterLimits = limitsFrom((name) => LIMITS[name].max);

/** The permission snapshot of a workspace, and what each caller may see by it. */
export class Permissions {
  readonly #context: PermissionsContext;
  #stored: StoredRules | undefined;
  #rules: PermissionRules | undefined;
  #viewers = new BoundedCache<Viewer>(MAX_REMEMBERED, MAX_REMEMBERED_BYTES);
  #roleIds = new BoundedCache<RoleIds>(MAX_REMEMBERED, MAX_REMEMBERED_BYTES);

  constructor(context: PermissionsContext) {
    this.#context = context;
    this.#take(context.stored?.load());
  }

  /** Of the snapshot, or of the newest patch of its members; undefined when there is no snapshot. */
  get version(): number | undefined {
    return this.#stored?.version;
  }

  /** What a caller may see; undefined when there is no snapshot. Callers of one class get one viewer. */
  viewerOf(principal: Principal): Viewer | undefined {
    if (this.#stored === undefined || this.#rules === undefined) return undefined;
    const roleIds = this.#knownRoles(principal, this.#rules);
    const roles = roleIds.flatMap((id) => this.#rules?.roles.get(id) ?? []);
    const caller = callerOf(principal);
    const asked = CALLER_VALUES.filter((name) => roles.some(({ callerValues }) => callerValues.has(name)));
    const values = asked.map((name) => caller[name] ?? null);
    const key = JSON.stringify([this.#stored.rulesVersion, roleIds, values]);
    const known = this.#viewers.get(key);
    if (known !== undefined) return known;
    const viewer = roleViewer(key, roles, caller, this.#rules.fieldTypes);
    this.#viewers.set(key, viewer, key.length);
    return viewer;
  }

  /** Puts a snapshot in the place of the stored one, unless that is newer, or another of the same version. */
  put(snapshot: PermissionSnapshot): PermissionsAnswer {
    const { version } = snapshot;
    if (this.#stored !== undefined && version <= this.#stored.version) {
      return version === this.#stored.version && this.#isStored(snapshot) ? { taken: true, version } : this.#conflict();
    }
    const store = this.#context.store();
    store.put(snapshot);
    this.#take(store.load());
    return { taken: true, version };
  }

  /** Changes members, by the same rule. Roles stay as they are. */
  patchMembers({ version, members }: MembersPatch): PermissionsAnswer {
    if (this.#stored === undefined || version < this.#stored.version) return this.#conflict();
    const store = this.#context.store();
    const changes = new Map<string, RoleIds | null>();
    let count = store.countMembers();
    for (const [id, roleIds] of members) {
      const before = store.roleIdsOf(id) ?? null;
      if (isSame(before, roleIds)) continue;
      changes.set(id, roleIds);
      count += Number(roleIds !== null) - Number(before !== null);
    }
    if (version === this.#stored.version) return changes.size === 0 ? { taken: true, version } : this.#conflict();
    const { maxMembers } = this.#context;
    if (count > maxMembers) {
      const message = `A workspace may have ${maxMembers} members (MAX_MEMBERS).`;
      return { taken: false, code: "TOO_LARGE", message, version: this.#stored.version };
    }
    store.patch({ version, members: changes });
    this.#stored = { ...this.#stored, version };
    for (const [id, roleIds] of changes) this.#remember(id, roleIds ?? NOBODY);
    return { taken: true, version };
  }

  #take(stored: StoredRules | undefined): void {
    this.#stored = stored;
    this.#rules = stored && parseRules(JSON.parse(stored.rules) as JsonObject, STORED_FILTERS);
    this.#viewers = new BoundedCache(MAX_REMEMBERED, MAX_REMEMBERED_BYTES);
    this.#roleIds = new BoundedCache(MAX_REMEMBERED, MAX_REMEMBERED_BYTES);
  }

  /** The roles that a caller has together; none when one of them is not there, as that one grants nothing. */
  #knownRoles(principal: Principal, { roles, apiKeys, applications }: PermissionRules): RoleIds {
    const parts: (RoleIds | undefined)[] = [];
    if (principal.kind === "apiKey") parts.push(apiKeys.get(principal.apiKeyId));
    else {
      if (principal.kind === "application") parts.push(applications.get(principal.applicationId));
      if (principal.userWorkspaceId !== undefined) parts.push(this.#memberRoles(principal.userWorkspaceId));
    }
    const isWhole = parts.every((part) => part !== undefined && part.length > 0 && part.every((id) => roles.has(id)));
    return isWhole ? [...new Set(parts.flatMap((part) => part ?? []))].sort() : NOBODY;
  }

  #memberRoles(id: string): RoleIds {
    return this.#roleIds.get(id) ?? this.#remember(id, this.#context.store().roleIdsOf(id) ?? NOBODY);
  }

  #remember(id: string, roleIds: RoleIds): RoleIds {
    this.#roleIds.set(id, roleIds, id.length + roleIds.reduce((bytes, role) => bytes + role.length, 0));
    return roleIds;
  }

  #isStored({ rules, members }: PermissionSnapshot): boolean {
    const store = this.#context.store();
    if (rules !== this.#stored?.rules || members.size !== store.countMembers()) return false;
    return Array.from(members).every(([id, roleIds]) => isSame(store.roleIdsOf(id) ?? null, roleIds));
  }

  #conflict(): PermissionsAnswer {
    const version = this.version ?? null;
    const message =
      version === null
        ? "There is no snapshot whose members could be changed. Put one first."
        : `Version ${version} is stored. Expected a higher one, or the same content again.`;
    return { taken: false, code: "VERSION_CONFLICT", message, version };
  }
}

const NOBODY: RoleIds = [];

function callerOf(principal: Principal): Caller {
  switch (principal.kind) {
    case "user":
      return principal;
    case "apiKey":
      return { workspaceMemberId: principal.workspaceMemberId };
    case "application":
      return { userWorkspaceId: principal.userWorkspaceId, userId: principal.userId };
  }
}

function isSame(a: RoleIds | null, b: RoleIds | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
