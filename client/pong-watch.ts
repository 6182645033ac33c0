/** Finds out that a socket is dead: a ping was sent, and nothing at all came back in time. */
export class PongWatch {
  readonly #onSilence: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  /** A ping is on its way. */
  expect(withinMs: number): void {
    if (withinMs <= 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(this.#onSilence, withinMs);
  }

  /** Whatever came, the socket lives. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
