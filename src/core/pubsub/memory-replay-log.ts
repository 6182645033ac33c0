import { utf8Size } from "../text-size.ts";
import type { PublishRequest, PublishSource } from "./publish-request.ts";
import {
  isPastRetention,
  type LogExtent,
  type LoggedId,
  type LogRow,
  type ReplayLog,
  type Retention,
} from "./replay-log.ts";

interface RememberedId extends LoggedId {
  readonly at: number;
  readonly source: PublishSource;
}

/** The log without a storage: the plain statement of what the SQLite log must do. */
export class MemoryReplayLog implements ReplayLog {
  readonly #retention: Retention;
  readonly #rows: (LogRow & { readonly bytes: number })[] = [];
  readonly #ids = new Map<string, RememberedId>();
  #head = 0;
  #floor = 0;
  #lastAt = 0;
  #bytes = 0;
  #totalBytes = 0;

  constructor(retention: Retention) {
    this.#retention = retention;
  }

  get head(): number {
    return this.#head;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get floor(): number {
    return this.#floor;
  }

  find(id: string): LoggedId | undefined {
    const known = this.#ids.get(id);
    return known && { digest: known.digest, offset: known.offset, events: known.events };
  }

  append({ id, digest, source, events, body }: PublishRequest, now: number): LogRow | undefined {
    if (this.#ids.has(id)) return undefined;
    const at = Math.max(now, this.#lastAt);
    this.#lastAt = at;
    this.#head += events;
    const bytes = utf8Size(body);
    this.#bytes += bytes;
    this.#totalBytes += bytes;
    this.#rows.push({ offset: this.#head, events, at, body, bytes });
    this.#ids.set(id, { digest, offset: this.#head, events, at, source });
    return { offset: this.#head, events, at, body };
  }

  read(after: number, maxRows: number, maxBytes: number): LogRow[] {
    const read: LogRow[] = [];
    let size = 0;
    for (const { offset, events, at, body } of this.#rows) {
      if (offset <= after) continue;
      if (read.length >= maxRows) break;
      read.push({ offset, events, at, body });
      size += utf8Size(body);
      if (size >= maxBytes) break;
    }
    return read;
  }

  extent(): LogExtent {
    return { floor: this.#floor, head: this.#head, rows: this.#rows.length, bytes: this.#bytes };
  }

  trim(now: number, maxRows: number): number {
    let trimmed = 0;
    for (let row = this.#rows[0]; row !== undefined && trimmed < maxRows; row = this.#rows[0]) {
      if (!isPastRetention(row, this.#head, this.#bytes, now, this.#retention)) break;
      this.#rows.shift();
      this.#bytes -= row.bytes;
      this.#floor = row.offset;
      trimmed++;
    }
    for (const [id, { offset, at, source }] of this.#ids) {
      if (trimmed >= maxRows) break;
      // The newest row holds the head in a storage, so its id stays here too.
      if (offset > this.#floor || offset === this.#head || now - at <= this.#retention.idMemoryMs[source]) continue;
      this.#ids.delete(id);
      trimmed++;
    }
    return trimmed;
  }
}
