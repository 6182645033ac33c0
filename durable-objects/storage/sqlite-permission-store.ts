import type { PermissionStore, StoredRules } from "../../src/core/permissions/permission-store.ts";
import type { MembersPatch, PermissionSnapshot, RoleIds } from "../../src/core/permissions/snapshot.ts";

/** The permission store in the object's SQLite. */
export class SqlitePermissionStore implements PermissionStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  load(): StoredRules | undefined {
    const [row] = this.#storage.sql.exec<{ version: number; rulesVersion: number; rules: string }>(
      "SELECT version, rules_version AS rulesVersion, rules FROM permissions",
    );
    return row;
  }

  roleIdsOf(userWorkspaceId: string): RoleIds | undefined {
    const [row] = this.#storage.sql.exec<{ roles: string }>(
      "SELECT roles FROM permission_members WHERE id = ?",
      userWorkspaceId,
    );
    return row && (JSON.parse(row.roles) as RoleIds);
  }

  countMembers(): number {
    return this.#storage.sql.exec<{ count: number }>("SELECT count(*) AS count FROM permission_members").one().count;
  }

  put({ version, rules, members }: PermissionSnapshot): void {
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      sql.exec(
        "INSERT OR REPLACE INTO permissions (id, version, rules_version, rules) VALUES (1, ?1, ?1, ?2)",
        ...[version, rules],
      );
      const stored = sql.exec<{ id: string }>("SELECT id FROM permission_members").toArray();
      for (const { id } of stored) if (!members.has(id)) this.#setMember(id, null);
      for (const [id, roleIds] of members) this.#setMember(id, roleIds);
    });
  }

  patch({ version, members }: MembersPatch): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec("UPDATE permissions SET version = ?", version);
      for (const [id, roleIds] of members) this.#setMember(id, roleIds);
    });
  }

  /** Writes nothing where a member's roles are these already. */
  #setMember(id: string, roleIds: RoleIds | null): void {
    const { sql } = this.#storage;
    if (roleIds === null) sql.exec("DELETE FROM permission_members WHERE id = ?", id);
    else {
      sql.exec(
        `INSERT INTO permission_members (id, roles) VALUES (?, ?)
         ON CONFLICT (id) DO UPDATE SET roles = excluded.roles WHERE roles <> excluded.roles`,
        ...[id, JSON.stringify(roleIds)],
      );
    }
  }
}
