import type { Limits } from "../limits.ts";
import type { PublishRequest, PublishSource } from "./publish-request.ts";

/** A message as it stands in the log. */
export interface LogRow {
  /** Offset of its last event; its first is `offset - events + 1`. */
  readonly offset: number;
  readonly events: number;
  /** When it was written, epoch ms; never less than that of the row before. */
  readonly at: number;
  readonly body: string;
}

/** What is remembered of an id, even when its row's body is gone. */
export interface LoggedId {
  readonly digest: string;
  readonly offset: number;
  readonly events: number;
}

/** What the log holds. Offsets are of events; the log reaches back to everything after `floor`. */
export interface LogExtent {
  readonly floor: number;
  readonly head: number;
  readonly rows: number;
  readonly bytes: number;
}

/**
 * The log of one workspace: one row per published message, one offset per event. Synchronous, because a message is
 * checked, written and sent in one turn.
 */
export interface ReplayLog {
  /** Offset of the newest event, 0 when there was none. */
  readonly head: number;
  /** Bytes of all bodies ever written. */
  readonly totalBytes: number;
  /** The log reaches back to everything after this offset. */
  readonly floor: number;
  find(id: string): LoggedId | undefined;
  /** Writes a message; undefined, and nothing is written, where its id is known. */
  append(request: PublishRequest, now: number): LogRow | undefined;
  /** Rows with events after `offset`, oldest first: at most `maxRows`, and none behind the one with which their bodies have `maxBytes`. */
  read(offset: number, maxRows: number, maxBytes: number): LogRow[];
  extent(): LogExtent;
  /** Looks at up to `maxRows` rows whose time may have passed, and lets go of those. Returns 0 when none is left. */
  trim(now: number, maxRows: number): number;
}

/** The retention of a log, in the units of its rows. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly idMemoryMs: Readonly<Record<PublishSource, number>>;
}

export function retentionFrom(limits: Limits): Retention {
  return {
    maxAgeMs: limits.LOG_MAX_AGE_SECONDS * 1000,
    maxEvents: limits.LOG_MAX_EVENTS,
    maxBytes: limits.LOG_MAX_BYTES,
    idMemoryMs: { direct: limits.ID_MEMORY_SECONDS * 1000, queue: limits.QUEUE_ID_MEMORY_SECONDS * 1000 },
  };
}

/**
 * Whether the oldest row of a log may go: it is old *and* beyond the newest events, or the log is too large with it.
 * @param bytes of the log with this row
 */
export function isPastRetention(
  row: { offset: number; at: number },
  head: number,
  bytes: number,
  now: number,
  retention: Retention,
): boolean {
  const isOld = now - row.at > retention.maxAgeMs;
  const isBeyondNewest = row.offset <= head - retention.maxEvents;
  return (isOld && isBeyondNewest) || bytes > retention.maxBytes;
}
