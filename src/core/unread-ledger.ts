import type { Limits } from "./limits.ts";

const UNREMARKABLE_BYTES = 64 * 1024;

export interface UnreadLedgerOptions {
  /** How long an entry counts that is not renewed, in ms; for ever by default. */
  readonly maxAgeMs?: number;
  /** Epoch ms. */
  readonly clock?: () => number;
}

/**
 * The bytes that readers have left unread, as far as they were looked at. Plain numbers, because at the edge a socket
 * may only be touched by the request that it belongs to.
 */
export class UnreadLedger<Reader> {
  readonly #limits: Limits;
  /** What no healthy reader leaves unread for long: less than any budget, however small the setting. */
  readonly unremarkable: number;
  readonly #maxAgeMs: number;
  readonly #clock: () => number;
  /** The one renewed longest ago first. */
  readonly #unread = new Map<Reader, { readonly bytes: number; readonly at: number }>();
  #total = 0;

  constructor(limits: Limits, { maxAgeMs = Number.POSITIVE_INFINITY, clock = Date.now }: UnreadLedgerOptions = {}) {
    this.#limits = limits;
    this.unremarkable = Math.min(UNREMARKABLE_BYTES, this.perReader / 2);
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  /** Everybody who was found with a remarkable amount. */
  get readers(): Iterable<Reader> {
    return this.#unread.keys();
  }

  get isOverfull(): boolean {
    return this.#total > this.#limits.MAX_UNREAD_BYTES_PER_ISOLATE;
  }

  /** What one reader may leave unread where there is room for all. */
  get perReader(): number {
    return this.#limits.MAX_UNREAD_BYTES_PER_SOCKET;
  }

  /** What one reader may leave unread now: less where all together leave too much, so that the fullest go first. */
  get budget(): number {
    const { MAX_UNREAD_BYTES_PER_SOCKET: perSocket, MAX_UNREAD_BYTES_PER_ISOLATE: perIsolate } = this.#limits;
    return this.isOverfull ? Math.max(this.unremarkable, (perSocket * perIsolate) / this.#total) : perSocket;
  }

  /** What a reader must be down to before it is sent more than live events. */
  get drained(): number {
    return this.budget / 2;
  }

  /** Returns whether that is a remarkable amount, which is then remembered. */
  record(reader: Reader, bytes: number): boolean {
    // The way of nearly every message: nobody is remembered, and this reader need not be.
    if (bytes <= this.unremarkable && this.#unread.size === 0) return false;
    const now = this.#clock();
    this.#forget(reader);
    for (const [other, { at }] of this.#unread) {
      if (now - at <= this.#maxAgeMs) break;
      this.#forget(other);
    }
    if (bytes <= this.unremarkable) return false;
    this.#unread.set(reader, { bytes, at: now });
    this.#total += bytes;
    return true;
  }

  #forget(reader: Reader): void {
    this.#total -= this.#unread.get(reader)?.bytes ?? 0;
    this.#unread.delete(reader);
  }
}
