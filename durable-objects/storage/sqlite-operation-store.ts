import type { OperationStore } from "../../src/core/operation/operation-store.ts";
import type { StoredOperation } from "../../src/core/protocol/session.ts";

type WithId = StoredOperation & { readonly id: string };

/**
 * The operation store in the object's SQLite. An id is read from the JSON: as a text of SQLite, one with half of a
 * surrogate pair comes back as another.
 */
export class SqliteOperationStore implements OperationStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  put(socket: string, id: string, operation: StoredOperation): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO operations (socket, id, operation) VALUES (?, ?, ?)",
      socket,
      id,
      JSON.stringify({ ...operation, id } satisfies WithId),
    );
  }

  delete(socket: string, id: string): void {
    this.#sql.exec("DELETE FROM operations WHERE socket = ? AND id = ?", socket, id);
  }

  load(socket: string): Map<string, StoredOperation> {
    const rows = this.#sql.exec<{ operation: string }>("SELECT operation FROM operations WHERE socket = ?", socket);
    return new Map(
      rows.toArray().map((row) => {
        const { id, ...operation } = JSON.parse(row.operation) as WithId;
        return [id, operation];
      }),
    );
  }

  deleteSocket(socket: string): void {
    this.#sql.exec("DELETE FROM operations WHERE socket = ?", socket);
  }

  keepOnly(sockets: ReadonlySet<string>): void {
    const known = this.#sql.exec<{ socket: string }>("SELECT DISTINCT socket FROM operations");
    for (const { socket } of known.toArray()) {
      if (!sockets.has(socket)) this.deleteSocket(socket);
    }
  }
}
