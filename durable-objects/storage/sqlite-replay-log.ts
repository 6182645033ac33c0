import type { PublishRequest, PublishSource } from "../../src/core/pubsub/publish-request.ts";
import {
  isPastRetention,
  type LogExtent,
  type LoggedId,
  type LogRow,
  type ReplayLog,
  type Retention,
} from "../../src/core/pubsub/replay-log.ts";
import { utf8Size } from "../../src/core/text-size.ts";
import { readMeta, writeMeta } from "./meta.ts";

/** Where trimming stands. */
interface Cursors {
  /** Offset up to which bodies are gone, and the total of bytes up to there. */
  floor: number;
  floorBytes: number;
  /** Offset up to which no id that came directly is remembered any more. */
  directIds: number;
}

interface OldestRow extends Record<string, SqlStorageValue> {
  readonly offset: number;
  readonly at: number;
  readonly totalBytes: number;
  readonly source: PublishSource;
}

/** Cursors are written once for this many trimmed rows: a row written per publish would double the cost of the log. */
const CURSOR_SAVE_INTERVAL = 256;

/** The log in the object's SQLite: one row written per message, and one for the index of its id. */
export class SqliteReplayLog implements ReplayLog {
  readonly #sql: SqlStorage;
  readonly #retention: Retention;
  readonly #cursors: Cursors;
  #unsavedTrims = 0;
  /** The oldest row with a body; undefined when it has to be looked up. */
  #oldest: OldestRow | undefined;
  /** Until then no id is old enough to be forgotten. */
  #idsKeptUntil = 0;
  #head: number;
  #lastAt: number;
  #totalBytes: number;

  constructor(sql: SqlStorage, retention: Retention) {
    this.#sql = sql;
    this.#retention = retention;
    const [newest] = sql.exec<{ last_offset: number; at: number; total_bytes: number }>(
      "SELECT last_offset, at, total_bytes FROM log ORDER BY last_offset DESC LIMIT 1",
    );
    this.#head = newest?.last_offset ?? 0;
    this.#lastAt = newest?.at ?? 0;
    this.#totalBytes = newest?.total_bytes ?? 0;
    this.#cursors = this.#loadCursors();
  }

  get head(): number {
    return this.#head;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get floor(): number {
    return this.#cursors.floor;
  }

  find(id: string): LoggedId | undefined {
    const [row] = this.#sql.exec<{ digest: string; offset: number; events: number }>(
      "SELECT digest, last_offset AS offset, events FROM log WHERE id = ?",
      id,
    );
    return row;
  }

  append({ id, digest, source, events, body }: PublishRequest, now: number): LogRow | undefined {
    const offset = this.#head + events;
    // A clock that steps back must not make a later row older.
    const at = Math.max(now, this.#lastAt);
    const totalBytes = this.#totalBytes + utf8Size(body);
    // One statement for the look and the write, and no row that it returns: each costs as much as the write of a small row.
    const { rowsWritten } = this.#sql.exec(
      `INSERT INTO log (last_offset, events, at, total_bytes, id, digest, source, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      ...[offset, events, at, totalBytes, id, digest, source, body],
    );
    if (rowsWritten === 0) return undefined;
    // The newest row keeps its id whatever its age, until there is a newer one.
    if (this.#cursors.floor === this.#head) this.#idsKeptUntil = 0;
    this.#head = offset;
    this.#lastAt = at;
    this.#totalBytes = totalBytes;
    return { offset, events, at, body };
  }

  read(offset: number, maxRows: number, maxBytes: number): LogRow[] {
    const rows = this.#sql.exec<{ offset: number; events: number; at: number; body: string; bytes: number }>(
      `SELECT last_offset AS offset, events, at, body, octet_length(body) AS bytes FROM log
       WHERE last_offset > ? AND body IS NOT NULL ORDER BY last_offset LIMIT ?`,
      ...[Math.max(offset, this.#cursors.floor), maxRows],
    );
    const read: LogRow[] = [];
    let size = 0;
    // Stopped early, the cursor never brings the other bodies into memory.
    for (const { bytes, ...row } of rows) {
      read.push(row);
      size += bytes;
      if (size >= maxBytes) break;
    }
    return read;
  }

  extent(): LogExtent {
    const { floor, floorBytes } = this.#cursors;
    const { rows } = this.#sql
      .exec<{ rows: number }>("SELECT count(*) AS rows FROM log WHERE last_offset > ?", floor)
      .one();
    return { floor, head: this.#head, rows, bytes: this.#totalBytes - floorBytes };
  }

  trim(now: number, maxRows: number): number {
    const bodies = this.#trimBodies(now, maxRows);
    const ids = bodies < maxRows ? this.#trimIds(now, maxRows - bodies) : 0;
    const trimmed = bodies + ids;
    this.#unsavedTrims += trimmed;
    // What a call could not finish is never begun anew after an eviction.
    if (this.#unsavedTrims >= CURSOR_SAVE_INTERVAL || trimmed === maxRows) {
      this.#unsavedTrims = 0;
      writeMeta(this.#sql, "log-cursors", JSON.stringify(this.#cursors));
    }
    return trimmed;
  }

  #trimBodies(now: number, maxRows: number): number {
    // Nearly every publish finds that the oldest may stay, and need not ask for it again.
    if (this.#oldest !== undefined && !this.#isPast(this.#oldest, now)) return 0;
    const oldest = this.#sql.exec<OldestRow>(
      `SELECT last_offset AS offset, at, total_bytes AS totalBytes, source FROM log
       WHERE last_offset > ? ORDER BY last_offset LIMIT ?`,
      ...[this.#cursors.floor, maxRows],
    );
    const past: OldestRow[] = [];
    let kept: OldestRow | undefined;
    for (const row of oldest) {
      if (!this.#isPast(row, now, past.at(-1)?.totalBytes)) {
        kept = row;
        break;
      }
      past.push(row);
    }
    for (const row of past) {
      this.#letGo(row, now);
      // Not before: what is behind the floor is never looked at again, and storage may refuse to let go of it now.
      this.#cursors.floor = row.offset;
      this.#cursors.floorBytes = row.totalBytes;
    }
    this.#oldest = kept;
    return past.length;
  }

  /** Of a row whose id is to be remembered for longer, only its body. */
  #letGo({ offset, at, source }: OldestRow, now: number): void {
    // One row written, where to forget the id by itself makes it two.
    if (offset < this.#head && now - at > this.#retention.idMemoryMs[source]) return this.#forget(offset);
    this.#sql.exec("UPDATE log SET body = NULL WHERE last_offset = ?", offset);
    this.#idsKeptUntil = 0;
  }

  #forget(offset: number): void {
    this.#sql.exec("DELETE FROM log WHERE last_offset = ?", offset);
  }

  /** @param floorBytes the total of bytes before the row */
  #isPast(oldest: OldestRow, now: number, floorBytes = this.#cursors.floorBytes): boolean {
    return isPastRetention(oldest, this.#head, this.#totalBytes - floorBytes, now, this.#retention);
  }

  /**
   * Ids are forgotten in order of time, in two passes over the rows behind the floor: the direct ones early, those of
   * the queue days later. The newest row always stays: it holds the head.
   */
  #trimIds(now: number, maxRows: number): number {
    if (now <= this.#idsKeptUntil) return 0;
    const { idMemoryMs } = this.#retention;
    let keptUntil = Number.POSITIVE_INFINITY;
    const behind = (after: number, memoryMs: number, limit: number) => {
      const rows = this.#sql.exec<{ offset: number; source: PublishSource; at: number }>(
        `SELECT last_offset AS offset, source, at FROM log
         WHERE last_offset > ? AND last_offset <= ? AND last_offset < ? ORDER BY last_offset LIMIT ?`,
        ...[after, this.#cursors.floor, this.#head, limit],
      );
      // Times only grow along the log: the first young row ends the look, where a condition on `at` would read them all.
      const old: { readonly offset: number; readonly source: PublishSource }[] = [];
      for (const row of rows) {
        if (row.at >= now - memoryMs) {
          keptUntil = Math.min(keptUntil, row.at + memoryMs);
          break;
        }
        old.push(row);
      }
      return old;
    };

    const old = behind(this.#cursors.directIds, idMemoryMs.direct, maxRows);
    for (const { offset, source } of old) {
      if (source === "direct") this.#forget(offset);
      this.#cursors.directIds = offset;
    }
    const oldest = behind(0, Math.max(idMemoryMs.direct, idMemoryMs.queue), maxRows - old.length);
    for (const { offset } of oldest) this.#forget(offset);
    const forgotten = old.length + oldest.length;
    // A call that came to its end, and not to the limit, has seen what comes next.
    this.#idsKeptUntil = forgotten < maxRows ? keptUntil : 0;
    return forgotten;
  }

  /** The saved floor is only where to begin looking: the true one lies just before the oldest body that is left. */
  #loadCursors(): Cursors {
    const saved = readMeta(this.#sql, "log-cursors");
    const { floor, directIds } = saved === undefined ? { floor: 0, directIds: 0 } : (JSON.parse(saved) as Cursors);
    const [oldest] = this.#sql.exec<{ floor: number; floorBytes: number }>(
      `SELECT last_offset - events AS floor, total_bytes - octet_length(body) AS floorBytes FROM log
       WHERE last_offset > ? AND body IS NOT NULL ORDER BY last_offset LIMIT 1`,
      floor,
    );
    return { directIds, ...(oldest ?? { floor: this.#head, floorBytes: this.#totalBytes }) };
  }
}
