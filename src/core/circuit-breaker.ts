/** How a service that is called did of late. */
export interface BreakerState {
  readonly failuresInARow: number;
  /** Until when it is not called, epoch ms; absent while it is. */
  readonly restsUntil?: number;
}

/**
 * Says when to leave a service alone that failed again and again, so that nobody waits for it each time. After its rest
 * it is called again, and the next failure gives it another.
 */
export class CircuitBreaker {
  readonly #maxFailures: number;
  readonly #restMs: number;
  #failures = 0;
  #restsUntil = 0;

  constructor(maxFailures: number, restMs: number) {
    this.#maxFailures = maxFailures;
    this.#restMs = restMs;
  }

  isOpen(now: number): boolean {
    return now < this.#restsUntil;
  }

  succeed(): void {
    this.#failures = 0;
  }

  /** Returns whether the service rests because of this failure: calls that were under way together open it once. */
  fail(now: number): boolean {
    this.#failures++;
    if (this.#failures < this.#maxFailures || this.isOpen(now)) return false;
    this.#restsUntil = now + this.#restMs;
    return true;
  }

  state(now: number): BreakerState {
    return { failuresInARow: this.#failures, ...(this.isOpen(now) && { restsUntil: this.#restsUntil }) };
  }
}
