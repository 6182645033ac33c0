import type { ReplayLog, Retention } from "../src/core/pubsub/replay-log.ts";
import { readMeta, writeMeta } from "./storage/meta.ts";

/** How the log stood at a report. */
interface Report {
  readonly at: number;
  readonly head: number;
  readonly bytes: number;
}

/** Two reports are this part of the retention apart, so that a position is told before a quarter of it has passed. */
const PART_OF_RETENTION = 1 / 8;
/** So many of the newest events are a report apart whatever their age. */
const PART_OF_BURST = 1 / 2;

/**
 * When quiet subscriptions are told how far the log has come: without that, one that receives nothing in a busy
 * workspace would find its position gone when it resumes. Counted by the movement of the log, so that it costs nothing
 * per publish; kept in storage, so that a wake does not begin anew.
 */
export class PositionReports {
  readonly #sql: SqlStorage;
  readonly #retention: Retention;
  #last: Report | undefined;

  constructor(sql: SqlStorage, retention: Retention) {
    this.#sql = sql;
    this.#retention = retention;
    const saved = readMeta(sql, "position-report");
    this.#last = saved === undefined ? undefined : (JSON.parse(saved) as Report);
  }

  /** Whether a report is due, which counts as made then. */
  take({ head, totalBytes: bytes }: ReplayLog, now: number): boolean {
    const last = this.#last;
    const isDue = last !== undefined && this.#isDue(last, head, bytes, now);
    if (isDue || last === undefined) this.#save({ at: now, head, bytes });
    return isDue;
  }

  #isDue(last: Report, head: number, bytes: number, now: number): boolean {
    const { maxAgeMs, maxEvents, maxBytes } = this.#retention;
    // A row goes when it is old and far back; or, whatever its age, when the log is too large.
    const age = (now - last.at) / maxAgeMs;
    const distance = (head - last.head) / maxEvents;
    if ((bytes - last.bytes) / maxBytes >= PART_OF_RETENTION) return true;
    // Far back already: nothing may be published any more until it is old, and then it goes at once.
    return distance >= PART_OF_BURST || (distance >= PART_OF_RETENTION && age >= PART_OF_RETENTION);
  }

  #save(report: Report): void {
    writeMeta(this.#sql, "position-report", JSON.stringify(report));
    // Not before: nobody is told where this could not be written, and it is due as long as it is not.
    this.#last = report;
  }
}
