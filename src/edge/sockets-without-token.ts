import type { Limits } from "../core/limits.ts";

/** How long it may take from `connection_init` until the token is verified and the socket to the object open. */
export const CONNECT_TIMEOUT_MS = 30_000;

/** Timers are late in a busy isolate. */
const SLACK_MS = 5_000;

/** Counts, per address, the sockets that have not shown a token yet. Approximate: each isolate counts its own. */
export class SocketsWithoutToken {
  readonly #max: number;
  /** No socket is without a token for longer. */
  readonly #maxAgeMs: number;
  readonly #clock: () => number;
  readonly #byAddress = new Map<string, number>();
  /** The oldest first. */
  readonly #entries = new Set<Entry>();

  /** @param clock epoch ms */
  constructor(
    limits: Pick<Limits, "MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS" | "INIT_TIMEOUT_SECONDS">,
    clock: () => number = Date.now,
  ) {
    this.#max = limits.MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS;
    this.#maxAgeMs = limits.INIT_TIMEOUT_SECONDS * 1000 + CONNECT_TIMEOUT_MS + SLACK_MS;
    this.#clock = clock;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** Counts a socket in. Returns what counts it out again, once however often it is called, or undefined when full. */
  enter(address: string): (() => void) | undefined {
    const now = this.#clock();
    this.#forgetLost(now);
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.#max) return undefined;
    this.#byAddress.set(address, count + 1);
    const entry = { address, enteredAt: now };
    this.#entries.add(entry);
    return () => this.#leave(entry);
  }

  #leave(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    const left = (this.#byAddress.get(entry.address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(entry.address, left);
    else this.#byAddress.delete(entry.address);
  }

  /** A request can end without a word of it: what it counted in must not count for ever. */
  #forgetLost(now: number): void {
    for (const entry of this.#entries) {
      if (now - entry.enteredAt <= this.#maxAgeMs) return;
      this.#leave(entry);
    }
  }
}

interface Entry {
  readonly address: string;
  readonly enteredAt: number;
}
