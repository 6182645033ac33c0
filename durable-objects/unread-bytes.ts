import type { Limits } from "../src/core/limits.ts";
import { UnreadLedger } from "../src/core/unread-ledger.ts";
import type { Connection } from "./connection.ts";

/** Past its budget a reader gets no events; past so many budgets it gets no answers either. */
const FLOODED_BUDGETS = 4;

/**
 * Bytes that were sent and not read yet. The runtime buffers without a bound: this is what keeps the memory of an object
 * bounded when readers stop reading.
 */
export class UnreadBytes {
  readonly #ledger: UnreadLedger<Connection>;
  #lookedAt = 0;

  constructor(limits: Limits) {
    this.#ledger = new UnreadLedger(limits);
  }

  /** Looks at a socket. Returns whether more waits for it than may. */
  isTooSlow(connection: Connection, now: number): boolean {
    const unread = this.#look(connection);
    // The ledger knows sockets as they were when something was last sent to them; they may have been read since.
    if (this.#ledger.isOverfull && this.#lookedAt !== now) {
      this.#lookedAt = now;
      for (const other of [...this.#ledger.readers]) this.#look(other);
    }
    return unread > this.#ledger.budget;
  }

  /** Whether several times more waits for a socket than may. */
  isFlooded(connection: Connection, now: number): boolean {
    return this.isTooSlow(connection, now) && this.#look(connection) > FLOODED_BUDGETS * this.#ledger.budget;
  }

  /** Whether so little waits for a socket that it may be sent a page of the log. */
  isDrained(connection: Connection): boolean {
    return this.#look(connection) <= this.#ledger.drained;
  }

  forget(connection: Connection): void {
    this.#ledger.record(connection, 0);
  }

  #look(connection: Connection): number {
    const unread = connection.socket.bufferedAmount;
    this.#ledger.record(connection, unread);
    return unread;
  }
}
