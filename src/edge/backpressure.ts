import type { UnreadLedger } from "../core/unread-ledger.ts";

const LOOK_AGAIN_MS = 100;

/** What is watched: a client whose bytes wait here. */
export interface WatchedReader {
  readonly ledger: UnreadLedger<object>;
  /** Bytes that wait for the client now. */
  readonly unread: () => number;
  /** Tells the object to stop sending, and that it may go on; or it closes the socket. */
  readonly tell: (isOn: boolean) => void;
}

/**
 * Watches the bytes that wait at the edge for one client. Only the edge sees that such a client is slow; the object then
 * stops sending and catches up from the log later, or closes.
 */
export class Backpressure {
  readonly #reader: WatchedReader;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(reader: WatchedReader) {
    this.#reader = reader;
  }

  /** To be called after something was sent. */
  check(): void {
    const { ledger, unread, tell } = this.#reader;
    const bytes = unread();
    ledger.record(this, bytes);
    if (this.#timer !== undefined || bytes <= ledger.budget) return;
    tell(true);
    // There is no event for a reader that has drained.
    this.#timer = setInterval(() => this.#look(), LOOK_AGAIN_MS);
  }

  /** The client is gone. */
  end(): void {
    clearInterval(this.#timer);
    this.#reader.ledger.record(this, 0);
  }

  #look(): void {
    const { ledger, unread, tell } = this.#reader;
    const bytes = unread();
    ledger.record(this, bytes);
    if (bytes > ledger.drained) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    tell(false);
  }
}
