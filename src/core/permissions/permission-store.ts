import type { MembersPatch, PermissionSnapshot, RoleIds } from "./snapshot.ts";

/** Where the permissions of a workspace are kept: its rules as one text, and its members one by one. */
export interface PermissionStore {
  /** Undefined before the first snapshot. */
  load(): Pick<PermissionSnapshot, "version" | "rules"> | undefined;
  rolesOf(userWorkspaceId: string): RoleIds | undefined;
  countMembers(): number;
  /** Puts a snapshot in the place of everything. */
  put(snapshot: PermissionSnapshot): void;
  /** Changes some members, and the version. */
  patch(patch: MembersPatch): void;
}

/** The same without a storage: the plain statement of what the SQLite one must do. */
export class MemoryPermissionStore implements PermissionStore {
  #stored: Pick<PermissionSnapshot, "version" | "rules"> | undefined;
  #members = new Map<string, RoleIds>();

  load() {
    return this.#stored;
  }

  rolesOf(userWorkspaceId: string): RoleIds | undefined {
    return this.#members.get(userWorkspaceId);
  }

  countMembers(): number {
    return this.#members.size;
  }

  put({ version, rules, members }: PermissionSnapshot): void {
    this.#stored = { version, rules };
    this.#members = new Map(members);
  }

  patch({ version, members }: MembersPatch): void {
    if (this.#stored !== undefined) this.#stored = { ...this.#stored, version };
    for (const [id, roles] of members) {
      if (roles === null) this.#members.delete(id);
      else this.#members.set(id, roles);
    }
  }
}
