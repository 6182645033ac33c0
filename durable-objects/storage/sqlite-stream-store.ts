import type { StoredQuery, StoredStream, StreamStore } from "../../src/core/streams/stream-store.ts";

/** The stream store in the object's SQLite. */
export class SqliteStreamStore implements StreamStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  load() {
    const streams = this.#sql.exec<{ stream: string }>("SELECT stream FROM streams").toArray();
    const queries = this.#sql
      .exec<{ stream: string; id: string; text: string }>(
        "SELECT stream, id, text FROM stream_queries ORDER BY stream, number",
      )
      .toArray();
    return { streams: streams.map(({ stream }) => JSON.parse(stream) as StoredStream), queries };
  }

  put(stream: StoredStream): void {
    this.#sql.exec("INSERT OR REPLACE INTO streams (id, stream) VALUES (?, ?)", stream.id, JSON.stringify(stream));
  }

  delete(stream: string): void {
    this.#sql.exec("DELETE FROM streams WHERE id = ?", stream);
    this.clearQueries(stream);
  }

  putQuery({ stream, id, text }: StoredQuery): void {
    this.#sql.exec(
      `INSERT INTO stream_queries (stream, id, text) VALUES (?, ?, ?)
       ON CONFLICT (stream, id) DO UPDATE SET text = excluded.text`,
      ...[stream, id, text],
    );
  }

  deleteQuery(stream: string, id: string): void {
    this.#sql.exec("DELETE FROM stream_queries WHERE stream = ? AND id = ?", stream, id);
  }

  clearQueries(stream: string): void {
    this.#sql.exec("DELETE FROM stream_queries WHERE stream = ?", stream);
  }
}
