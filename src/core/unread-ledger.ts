import type { Limits } from "./limits.ts";

/** What no healthy reader leaves unread for long, and so is not worth remembering. */
const UNREMARKABLE_BYTES = 64 * 1024;

/**
 * The bytes that readers have left unread, as far as they were looked at. Plain numbers, because at the edge a socket
 * may only be touched by the request that it belongs to.
 */
export class UnreadLedger<Reader> {
  readonly #limits: Limits;
  readonly #unread = new Map<Reader, number>();
  #total = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
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
    return this.isOverfull ? Math.max(UNREMARKABLE_BYTES, (perSocket * perIsolate) / this.#total) : perSocket;
  }

  /** What a reader must be down to before it is sent more than live events. */
  get drained(): number {
    return this.budget / 2;
  }

  /** @returns the bytes, as many as are worth remembering */
  record(reader: Reader, unread: number): number {
    const remarkable = unread > UNREMARKABLE_BYTES ? unread : 0;
    this.#total += remarkable - (this.#unread.get(reader) ?? 0);
    if (remarkable === 0) this.#unread.delete(reader);
    else this.#unread.set(reader, remarkable);
    return remarkable;
  }
}
