/** Counts, per address, the sockets that have not shown a token yet. Approximate: each isolate counts its own. */
export class SocketsWithoutToken {
  readonly #byAddress = new Map<string, number>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** Counts a socket in. Returns what counts it out again, once however often it is called, or undefined when full. */
  enter(address: string): (() => void) | undefined {
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.#max) return undefined;
    this.#byAddress.set(address, count + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }
}
