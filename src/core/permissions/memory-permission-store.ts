import type { PermissionStore, StoredRules } from "./permission-store.ts";
import type { MembersPatch, PermissionSnapshot, RoleIds } from "./snapshot.ts";

/** The permission store without a storage: the plain statement of what the SQLite one must do. */
export class MemoryPermissionStore implements PermissionStore {
  #rules: StoredRules | undefined;
  #members = new Map<string, RoleIds>();

  load(): StoredRules | undefined {
    return this.#rules;
  }

  roleIdsOf(userWorkspaceId: string): RoleIds | undefined {
    return this.#members.get(userWorkspaceId);
  }

  countMembers(): number {
    return this.#members.size;
  }

  put({ version, rules, members }: PermissionSnapshot): void {
    this.#rules = { version, rulesVersion: version, rules };
    this.#members = new Map(members);
  }

  patch({ version, members }: MembersPatch): void {
    if (this.#rules === undefined) throw new TypeError("There is no snapshot to patch.");
    this.#rules = { ...this.#rules, version };
    for (const [id, roleIds] of members) {
      if (roleIds === null) this.#members.delete(id);
      else this.#members.set(id, roleIds);
    }
  }
}
