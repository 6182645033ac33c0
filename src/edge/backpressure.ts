import type { UnreadLedger } from "../core/unread-ledger.ts";

const LOOK_AGAIN_MS = 100;

/** A client that has this many times its budget unread is given up, whatever it or the object says. */
const HARD_LIMIT_BUDGETS = 8;

/** What is watched: a client whose bytes wait here. */
export interface WatchedReader {
  readonly ledger: UnreadLedger<object>;
  /** Bytes that wait for the client now. */
  readonly unread: () => number;
  /** Tells the object to stop sending, or that it may go on; the object closes the socket where it cannot wait. */
  readonly tell: (isOn: boolean) => void;
  readonly giveUp: () => void;
}

/**
 * Watches the bytes that wait at the edge for one client. Only the edge sees that such a client is slow; the object then
 * stops sending and catches up from the log later, or closes.
 */
export class Backpressure {
  readonly #reader: WatchedReader;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isTold = false;

  constructor(reader: WatchedReader) {
    this.#reader = reader;
  }

  /** To be called after something was sent. */
  check(): void {
    const bytes = this.#measure();
    const { ledger, tell, giveUp } = this.#reader;
    if (bytes > HARD_LIMIT_BUDGETS * ledger.perReader) return giveUp();
    // Frames still come although the object was told: a relayed client may have said the opposite in the edge's name.
    if (this.#isTold && bytes > ledger.budget) return tell(true);
    // A burst is no slow reader: one is told of only when its bytes still wait a moment later.
    if (bytes > ledger.budget) this.#timer ??= setInterval(() => this.#look(), LOOK_AGAIN_MS);
  }

  /** The client is gone. */
  end(): void {
    this.#stopLooking();
    this.#reader.ledger.record(this, 0);
  }

  #look(): void {
    const bytes = this.#measure();
    const { ledger, tell } = this.#reader;
    if (!this.#isTold && bytes > ledger.budget) {
      this.#isTold = true;
      tell(true);
    } else if (bytes <= ledger.drained) {
      this.#stopLooking();
      if (this.#isTold) tell(false);
      this.#isTold = false;
    }
  }

  #measure(): number {
    const bytes = this.#reader.unread();
    this.#reader.ledger.record(this, bytes);
    return bytes;
  }

  /** There is no event for a reader that has drained, hence the timer while one has not. */
  #stopLooking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
