import type { PermissionStore } from "../../src/core/permissions/permission-store.ts";
import type { MembersPatch, PermissionSnapshot, RoleIds } from "../../src/core/permissions/snapshot.ts";

/** The permission store in the object's SQLite. */
export class SqlitePermissionStore implements PermissionStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
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
    this.#storage.transactionSync(() => {
      const stored = this.#sql.exec<{ id: string }>("SELECT id FROM members").toArray();
      for (const { id } of stored) if (!members.has(id)) this.#setMember(id, null);
      for (const [id, roles] of members) this.#setMember(id, roles);
      this.#sql.exec("INSERT OR REPLACE INTO permissions (id, version, rules) VALUES (1, ?, ?)", version, rules);
    });
  }

  patch({ version, members }: MembersPatch): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec("UPDATE permissions SET version = ?", version);
      for (const [id, roles] of members) this.#setMember(id, roles);
    });
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  /** Writes nothing where a member's roles are these already. */
  #setMember(id: string, roles: RoleIds | null): void {
    if (roles === null) this.#sql.exec("DELETE FROM members WHERE id = ?", id);
    else {
      this.#sql.exec(
        `INSERT INTO members (id, roles) VALUES (?, ?)
         ON CONFLICT (id) DO UPDATE SET roles = excluded.roles WHERE roles <> excluded.roles`,
        ...[id, JSON.stringify(roles)],
      );
    }
  }
}
