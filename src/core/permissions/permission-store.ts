import type { MembersPatch, PermissionSnapshot, RoleIds } from "./snapshot.ts";

/** The stored snapshot without its members. */
export interface StoredRules {
  /** Of the newest snapshot or patch. */
  readonly version: number;
  /** Of the newest snapshot: what roles may see is as it was then. */
  readonly rulesVersion: number;
  readonly rules: string;
}

/** Where the permissions of a workspace are kept; each member apart, so that a patch writes what it changes. */
export interface PermissionStore {
  /** Undefined before the first snapshot. */
  load(): StoredRules | undefined;
  roleIdsOf(userWorkspaceId: string): RoleIds | undefined;
  countMembers(): number;
  /** Writes a snapshot over what is there, all of it or nothing. */
  put(snapshot: PermissionSnapshot): void;
  /** Writes members and version, all of it or nothing. There is a snapshot. */
  patch(patch: MembersPatch): void;
}
