import type { RecordTimes } from "../../src/core/pubsub/record-times.ts";

/** The times of records in the object's SQLite. */
export class SqliteRecordTimes implements RecordTimes {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  newest(objectNameSingular: string, recordId: string): number | undefined {
    const [row] = this.#sql.exec<{ updatedAt: number }>(
      "SELECT updated_at AS updatedAt FROM record_times WHERE object = ? AND record = ?",
      ...[objectNameSingular, recordId],
    );
    return row?.updatedAt;
  }

  note(objectNameSingular: string, recordId: string, updatedAt: number, offset: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO record_times (object, record, updated_at, offset) VALUES (?, ?, ?, ?)",
      ...[objectNameSingular, recordId, updatedAt, offset],
    );
  }

  forget(offset: number): void {
    this.#sql.exec("DELETE FROM record_times WHERE offset <= ?", offset);
  }
}
