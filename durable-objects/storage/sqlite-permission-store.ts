import type { PermissionStore } from "../../src/core/permissions/permission-store.ts";
import type { MembersPatch, PermissionSnapshot, RoleIds } from "../../src/core/permissions/snapshot.ts";

/** The permission store in the object's SQLite. */
export class SqlitePermissionStore implements PermissionStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  load() {
    const [row] = this.#sql.exec<{ version: number; rules: string }>("SELECT version, rules FROM permissions");
    return row;
  }

  rolesOf(userWorkspaceId: string): RoleIds | undefined {
    const [row] = this.#sql.exec<{ roles: string }>("SELECT roles FROM members WHERE id = ?", userWorkspaceId);
    return row && (JSON.parse(row.roles) as RoleIds);
  }

  countMembers(): number {
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM members").one().count;
  }

  put({ version, rules, members }: PermissionSnapshot): void {
    // The rules last, and in one statement: should a write fail, nobody is left with more than before.
    this.#sql.exec("DELETE FROM members");
    for (const [id, roles] of members) this.#putMember(id, roles);
    this.#sql.exec("INSERT OR REPLACE INTO permissions (id, version, rules) VALUES (1, ?, ?)", version, rules);
  }

  patch({ version, members }: MembersPatch): void {
    this.#sql.exec("UPDATE permissions SET version = ?", version);
    for (const [id, roles] of members) {
      if (roles === null) this.#sql.exec("DELETE FROM members WHERE id = ?", id);
      else this.#putMember(id, roles);
    }
  }

  #putMember(id: string, roles: RoleIds): void {
    this.#sql.exec("INSERT OR REPLACE INTO members (id, roles) VALUES (?, ?)", id, JSON.stringify(roles));
  }
}
