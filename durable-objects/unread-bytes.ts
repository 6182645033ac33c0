import type { Limits } from "../src/core/limits.ts";
import { UnreadLedger } from "../src/core/unread-ledger.ts";
import type { Connection } from "./connection.ts";

/** Past its budget a reader gets no events; past so many budgets it gets no answers either. */
const FLOODED_BUDGETS = 4;
/** How long the bytes of a closed socket count at most, in case nobody ever says that it is gone. */
const LEAVING_MS = 10 * 60_000;

/**
 * Bytes that were sent and not read yet. The runtime buffers without a bound: this is what keeps the memory of an object
 * bounded when readers stop reading.
 */
export class UnreadBytes {
  readonly #ledger: UnreadLedger<WebSocket>;
  /** Closed sockets whose peers still have to read: a close frees no memory, it comes behind what waits. */
  readonly #leaving = new Map<WebSocket, { readonly identity: string; readonly until: number }>();
  #lookedAt = 0;

  constructor(limits: Limits) {
    this.#ledger = new UnreadLedger(limits);
  }

  /** Whether all readers together leave more unread than the object should hold. */
  get isOverfull(): boolean {
    return this.#ledger.isOverfull;
  }

  /** Bytes that wait for sockets that were closed. */
  get leavingBytes(): number {
    let bytes = 0;
    for (const { bufferedAmount } of this.#leaving.keys()) bytes += bufferedAmount;
    return bytes;
  }

  /** Whether more waits for a socket than may. */
  isTooSlow(connection: Connection, now: number): boolean {
    // Looking asks the runtime, which is not worth it for every message: so little was sent since that nothing can be wrong.
    if (connection.mayFollow >= 0 && !this.#ledger.isOverfull) return false;
    const unread = this.#look(connection.socket);
    connection.mayFollow = unread === 0 ? this.#ledger.unremarkable : -1;
    // The ledger knows sockets as they were when something was last sent to them; they may have been read since.
    if (this.#ledger.isOverfull && this.#lookedAt !== now) {
      this.#lookedAt = now;
      for (const other of [...this.#ledger.readers]) this.#look(other);
      this.#letGo(now);
    }
    return unread > this.#ledger.budget;
  }

  /** Whether several times more waits for a socket than may, however much room there is. */
  isFlooded({ socket }: Connection): boolean {
    return this.#look(socket) > FLOODED_BUDGETS * this.#ledger.perReader;
  }

  /** Whether so little waits for a socket that it may be sent a page of the log. */
  isDrained({ socket }: Connection): boolean {
    return this.#look(socket) <= this.#ledger.drained;
  }

  /** A socket was closed by us. */
  leave({ socket, identity }: Connection, now: number): void {
    if (this.#look(socket) > 0) this.#leaving.set(socket, { identity, until: now + LEAVING_MS });
  }

  /** How many closed sockets of a caller are still to be read. */
  countLeaving(identity: string, now: number): number {
    this.#letGo(now);
    let count = 0;
    for (const leaving of this.#leaving.values()) if (leaving.identity === identity) count++;
    return count;
  }

  /** A socket is gone, and what waited for it too. */
  forget(socket: WebSocket): void {
    this.#leaving.delete(socket);
    this.#ledger.record(socket, 0);
  }

  #letGo(now: number): void {
    for (const [socket, { until }] of this.#leaving) {
      if (until <= now || this.#look(socket) === 0) this.forget(socket);
    }
  }

  /** @returns the bytes that wait, as many as are worth counting */
  #look(socket: WebSocket): number {
    const bytes = socket.bufferedAmount;
    return this.#ledger.record(socket, bytes) ? bytes : 0;
  }
}
