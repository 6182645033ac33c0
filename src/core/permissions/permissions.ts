import { messageOf } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { LIMITS, type Limits, limitsFrom } from "../limits.ts";
import { identityOf, type Principal } from "../principal.ts";
import { parseRules } from "./parse-rules.ts";
import type { PermissionStore } from "./permission-store.ts";
import { RoleViewer } from "./role-viewer.ts";
import type {
  MembersPatch,
  PermissionRules,
  PermissionSnapshot,
  PermissionsAnswer,
  Role,
  RoleIds,
} from "./snapshot.ts";
import { BLIND_VIEWER, OPEN_VIEWER, SERVER_VIEWER, type Viewer, viewerOfCaller } from "./viewer.ts";

/** What the permissions of a workspace need of their surroundings. */
export interface PermissionsContext {
  readonly workspaceId: string;
  /** Undefined while the workspace has no storage, and so no snapshot. */
  readonly stored: PermissionStore | undefined;
  /** Opens the store, where something is to be written. */
  readonly store: () => PermissionStore;
  readonly limits: Limits;
  /** Whether everybody sees everything where there is no snapshot; otherwise nobody sees a record. */
  readonly isOpen: boolean;
}

interface Current {
  readonly version: number;
  readonly rules: PermissionRules;
}

/** Says what each caller may see. Callers that may see the same get one viewer, and so share the execution of operations. */
export class Permissions {
  readonly #context: PermissionsContext;
  #store: PermissionStore | undefined;
  #current: Current | undefined;
  /** By permission class, then by caller. */
  readonly #viewers = new Map<string, Viewer>();
  readonly #byCaller = new Map<string, Viewer>();

  constructor(context: PermissionsContext) {
    this.#context = context;
    this.#store = context.stored;
    this.#read();
  }

  /** Of the snapshot; undefined when there is none. */
  get version(): number | undefined {
    return this.#current?.version;
  }

  /** Why nobody sees a record, where that is so whoever asks. */
  get notDelivering(): string | undefined {
    if (this.#current?.rules === NO_RULES) {
      return "The permission snapshot that is stored cannot be read: put it again, with a higher version";
    }
    if (this.#current !== undefined || this.#context.isOpen) return undefined;
    return "PERMISSIONS=required, and the workspace has no permission snapshot";
  }

  viewerOf(caller: Principal): Viewer {
    if (caller.kind === "server") return SERVER_VIEWER;
    if (this.#current === undefined) return viewerOfCaller(caller, this.#context.isOpen ? OPEN_VIEWER : BLIND_VIEWER);
    // Two tokens of one user may name different members of the workspace, on which row filters may depend.
    const name = `${identityOf(caller)} ${JSON.stringify(callerValuesIn(caller))}`;
    const known = this.#byCaller.get(name);
    if (known !== undefined) return known;
    const viewer = this.#viewerIn(this.#current, caller);
    remember(this.#byCaller, name, viewer);
    return viewer;
  }

  /** Puts a snapshot in the place of the one before, unless that is newer. */
  put(snapshot: PermissionSnapshot): PermissionsAnswer {
    const stored = this.#store?.load();
    if (stored !== undefined && this.#store !== undefined && snapshot.version <= stored.version) {
      const isSame =
        snapshot.version === stored.version && stored.rules === snapshot.rules && hasMembers(this.#store, snapshot);
      return isSame ? taken(stored.version) : conflict(stored.version);
    }
    this.#open().put(snapshot);
    this.#read();
    return taken(snapshot.version);
  }

  /** Changes members of the snapshot, unless that is newer. */
  patch(patch: MembersPatch): PermissionsAnswer {
    const stored = this.#store?.load();
    if (stored === undefined || this.#store === undefined) {
      return {
        taken: false,
        code: "VERSION_CONFLICT",
        message: "There is no snapshot to change: put one.",
        version: null,
      };
    }
    if (patch.version <= stored.version) {
      const isSame = patch.version === stored.version && hasChanges(this.#store, patch);
      return isSame ? taken(stored.version) : conflict(stored.version);
    }
    const { MAX_MEMBERS: max } = this.#context.limits;
    const growth = growthOf(this.#store, patch);
    // Where a lowered limit is passed already, members can still be changed and taken out.
    if (growth > 0 && this.#store.countMembers() + growth > max) {
      const message = `A snapshot may have ${max} members (MAX_MEMBERS).`;
      return { taken: false, code: "TOO_LARGE", message, version: stored.version };
    }
    this.#store.patch(patch);
    // Its rules are as they were, and parsing a megabyte of them takes longer than all the rest.
    this.#take({ version: patch.version, rules: this.#current?.rules ?? NO_RULES });
    return taken(patch.version);
  }

  #open(): PermissionStore {
    this.#store ??= this.#context.store();
    return this.#store;
  }

  /** Takes what is stored for what holds. A snapshot that can no longer be read grants nothing. */
  #read(): void {
    const stored = this.#store?.load();
    this.#take(stored && { version: stored.version, rules: readRules(stored.rules, this.#context.workspaceId) });
  }

  #take(current: Current | undefined): void {
    this.#viewers.clear();
    this.#byCaller.clear();
    this.#current = current;
  }

  #viewerIn({ version, rules }: Current, caller: Principal): Viewer {
    const roleIds = this.#rolesOf(rules, caller);
    const roles = roleIds?.map((id) => rules.roles.get(id) ?? NO_RIGHTS) ?? [];
    const asked = new Set(roles.flatMap(({ callerValues }) => [...callerValues]));
    const values = Object.entries(callerValuesIn(caller)).filter(([name]) => asked.has(name as never));
    const own = Object.fromEntries(values);
    const applicationId = caller.kind === "application" ? caller.applicationId : undefined;
    const key = JSON.stringify([version, roleIds ?? null, own, applicationId ?? null]);
    const known = this.#viewers.get(key);
    if (known !== undefined) return known;
    const viewer = new RoleViewer({
      ...{ key, roles, caller: own, fieldTypes: rules.fieldTypes },
      ...(applicationId !== undefined && { applicationId }),
    });
    remember(this.#viewers, key, viewer);
    return viewer;
  }

  /** All roles of a caller, which must all allow what it sees; undefined for one that is found nowhere. */
  #rolesOf({ apiKeys, applications }: PermissionRules, caller: Principal): RoleIds | undefined {
    switch (caller.kind) {
      case "user":
        return this.#store?.rolesOf(caller.userWorkspaceId);
      case "apiKey":
        return apiKeys.get(caller.apiKeyId);
      case "application": {
        const own = applications.get(caller.applicationId);
        if (caller.userWorkspaceId === undefined || own === undefined) return own;
        const ofUser = this.#store?.rolesOf(caller.userWorkspaceId);
        // Whoever has no role at all allows nothing, which a list of both would not say.
        if (own.length === 0 || ofUser === undefined || ofUser.length === 0) return undefined;
        return [...new Set([...own, ...ofUser])].sort();
      }
      case "server":
        return undefined;
    }
  }
}

/** A role that is not there. */
const NO_RIGHTS: Role = { objects: new Map(), flags: new Set(), callerValues: new Set() };

const NO_RULES: PermissionRules = {
  roles: new Map(),
  apiKeys: new Map(),
  applications: new Map(),
  fieldTypes: new Map(),
};

/** There are as many as callers with sockets; what is forgotten is made again. */
const MAX_REMEMBERED = 50_000;

function remember(viewers: Map<string, Viewer>, key: string, viewer: Viewer): void {
  if (viewers.size >= MAX_REMEMBERED) viewers.clear();
  viewers.set(key, viewer);
}

/** They were within the limits when they came: one that has been lowered since is for those that come now. */
function readRules(rules: string, workspaceId: string): PermissionRules {
  try {
    return parseRules(JSON.parse(rules) as JsonObject, WIDEST_LIMITS);
  } catch (thrown) {
    console.error({
      message: "The permissions of a workspace cannot be read",
      workspaceId,
      error: messageOf(thrown),
    });
    return NO_RULES;
  }
}

const WIDEST_LIMITS = limitsFrom((name) => LIMITS[name].max);

function callerValuesIn(caller: Principal) {
  return {
    userWorkspaceId: "userWorkspaceId" in caller ? caller.userWorkspaceId : undefined,
    workspaceMemberId: "workspaceMemberId" in caller ? caller.workspaceMemberId : undefined,
    userId: "userId" in caller ? caller.userId : undefined,
  };
}

/** How many more members there are after a patch, those that it takes out counted. */
function growthOf(store: PermissionStore, { members }: MembersPatch): number {
  let growth = 0;
  for (const [id, roles] of members) growth += Number(roles !== null) - Number(store.rolesOf(id) !== undefined);
  return growth;
}

function hasMembers(store: PermissionStore, { members }: PermissionSnapshot): boolean {
  return store.countMembers() === members.size && hasChanges(store, { members });
}

function hasChanges(store: PermissionStore, { members }: Pick<MembersPatch, "members">): boolean {
  return [...members].every(([id, roles]) => JSON.stringify(store.rolesOf(id) ?? null) === JSON.stringify(roles));
}

function taken(version: number): PermissionsAnswer {
  return { taken: true, version };
}

function conflict(version: number): PermissionsAnswer {
  const message = `Version ${version} is stored: send a higher one, or the same with the same content.`;
  return { taken: false, code: "VERSION_CONFLICT", message, version };
}
