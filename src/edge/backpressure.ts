import type { UnreadLedger } from "../core/unread-ledger.ts";

const LOOK_AGAIN_MS = 100;

/** So many budgets are more than a burst: the object is told at once, before the next page of it comes. */
const AT_ONCE_BUDGETS = 2;

/** A client that has this many times its whole budget unread is given up, whatever the object was told. */
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
  #sentSinceLook = Number.POSITIVE_INFINITY;

  constructor(reader: WatchedReader) {
    this.#reader = reader;
  }

  /**
   * To be called after something was sent.
   * @param sent how many bytes, at most
   * @returns how many bytes may follow without another call, unless the ledger is overfull by then
   */
  check(sent: number): number {
    const { ledger, giveUp } = this.#reader;
    this.#sentSinceLook += sent;
    // Measuring asks the runtime, which is not worth it for every frame: so little was sent since that nothing can be wrong.
    if (this.#sentSinceLook <= ledger.unremarkable && !ledger.isOverfull)
      return ledger.unremarkable - this.#sentSinceLook;
    const { bytes, isRemarkable } = this.#measure();
    this.#sentSinceLook = isRemarkable ? Number.POSITIVE_INFINITY : 0;
    if (bytes > HARD_LIMIT_BUDGETS * ledger.perReader) {
      giveUp();
      return 0;
    }
    if (bytes > AT_ONCE_BUDGETS * ledger.budget) this.#tell(true);
    // A burst is no slow reader: one is told of only when its bytes still wait a moment later.
    if (isRemarkable) this.#timer ??= setInterval(() => this.#look(), LOOK_AGAIN_MS);
    return isRemarkable ? 0 : ledger.unremarkable;
  }

  /** The client is gone. */
  end(): void {
    this.#stopLooking();
    this.#reader.ledger.record(this, 0);
  }

  #look(): void {
    const { ledger } = this.#reader;
    const { bytes, isRemarkable } = this.#measure();
    if (bytes > ledger.budget) this.#tell(true);
    else if (bytes <= ledger.drained) this.#tell(false);
    if (!isRemarkable && !this.#isTold) this.#stopLooking();
  }

  /** Says it once: the object holds to it until it is told the opposite. */
  #tell(isOn: boolean): void {
    if (this.#isTold === isOn) return;
    this.#isTold = isOn;
    this.#reader.tell(isOn);
  }

  #measure(): { readonly bytes: number; readonly isRemarkable: boolean } {
    const bytes = this.#reader.unread();
    return { bytes, isRemarkable: this.#reader.ledger.record(this, bytes) };
  }

  /** There is no event for a reader that has drained, hence the timer while one has not; it also renews its entry. */
  #stopLooking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
