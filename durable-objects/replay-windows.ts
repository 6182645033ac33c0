import { type ReplayContext, ReplayWindow } from "../src/core/operation/replay-window.ts";
import type { ReplayLog } from "../src/core/pubsub/replay-log.ts";

/** Rows that are read at once, so that thousands of missed events are never in memory together. */
const WINDOW_ROWS = 1_000;
/** No more of them once they are as large as this: parsing them is one turn, and a row may have a megabyte. */
const WINDOW_BYTES = 1024 * 1024;
/** One for each of those that are replayed at once, should every one of them be at another place. */
const KEPT_WINDOWS = 8;
/** Clients that were cut off together come back one after the other: what one has read is kept this long for the next. */
const KEPT_MS = 10_000;

/** The stretches of the log that operations are reading now. */
export class ReplayWindows {
  readonly #context: ReplayContext;
  /** The one used last comes first. */
  #kept: readonly ReplayWindow[] = [];
  #usedAt = 0;

  constructor(context: ReplayContext) {
    this.#context = context;
  }

  /** One that has what comes after an offset. */
  after(offset: number, log: ReplayLog, now: number): ReplayWindow {
    this.#usedAt = now;
    const window = this.#kept.find((known) => known.has(offset)) ?? this.#read(offset, log);
    if (window !== this.#kept[0]) {
      this.#kept = [window, ...this.#kept.filter((other) => other !== window)].slice(0, KEPT_WINDOWS);
    }
    return window;
  }

  /** Nobody reads now. Where nothing calls this any more, the object is evicted. */
  letGo(now: number): void {
    if (now - this.#usedAt >= KEPT_MS) this.#kept = [];
  }

  #read(offset: number, log: ReplayLog): ReplayWindow {
    return new ReplayWindow(this.#context, offset, log.read(offset, WINDOW_ROWS, WINDOW_BYTES), log.head);
  }
}
