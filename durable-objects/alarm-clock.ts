/**
 * The one alarm of an object, set to the earliest thing that is due. It is only ever moved forward in time by what it
 * serves: setting it costs a row written, so a later deadline leaves it alone.
 */
export class AlarmClock {
  readonly #ctx: DurableObjectState;
  #setTo: number | undefined;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    void ctx.blockConcurrencyWhile(async () => {
      this.#setTo = (await ctx.storage.getAlarm()) ?? undefined;
    });
  }

  /** Makes sure that the object is woken by then, epoch ms. */
  wakeBy(at: number): void {
    if (this.#setTo !== undefined && this.#setTo <= at) return;
    this.#setTo = at;
    void this.#ctx.storage.setAlarm(at);
  }

  /** The alarm went off, or was deleted with the storage. */
  reset(): void {
    this.#setTo = undefined;
  }
}
