const ARRIVAL_TIMEOUT_MS = 30_000;

/** The numbers of the events of one call. */
export interface Numbers {
  readonly first: number;
  readonly last: number;
}

/**
 * The events of one publish call on their way to subscribers, one call at a time. What goes wrong anywhere ends it, and
 * every one after it.
 */
export class Flights {
  /** From the call to each message, in milliseconds. */
  latencies: number[] = [];
  #failure: Error | undefined;
  #current: (Numbers & { readonly sentAt: number; readonly land: (error?: Error) => void }) | undefined;
  #missing = 0;

  /** Undefined between calls. */
  get numbers(): Numbers | undefined {
    return this.#current;
  }

  /** @throws Error what went wrong until now */
  assertSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#current?.land(error);
  }

  /** Publishes, and waits until that is answered and all messages are there. */
  async fly(numbers: Numbers, messages: number, publish: () => Promise<unknown>): Promise<void> {
    this.assertSound();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const land = (error?: Error) => (error === undefined ? resolve() : reject(error));
    this.#missing = messages;
    this.#current = { ...numbers, sentAt: performance.now(), land };
    const timer = setTimeout(() => this.fail(new Error(this.#missingText(numbers))), ARRIVAL_TIMEOUT_MS);
    if (messages === 0) land();
    try {
      await Promise.all([promise, publish()]);
    } finally {
      clearTimeout(timer);
      this.#current = undefined;
    }
  }

  /** A message has come. Returns whether its event is on its way; fails otherwise. */
  receive(sequence: number): boolean {
    if (this.#current === undefined || sequence < this.#current.first || sequence > this.#current.last) {
      this.fail(new Error(`Event ${sequence} came although it is not on its way.`));
      return false;
    }
    return true;
  }

  /** It is one that was expected. */
  land(): void {
    if (this.#current === undefined) return;
    this.latencies.push(performance.now() - this.#current.sentAt);
    this.#missing--;
    if (this.#missing === 0) this.#current.land();
  }

  #missingText({ first, last }: Numbers): string {
    return `Of the events ${first} to ${last}, ${this.#missing} messages did not arrive.`;
  }
}
