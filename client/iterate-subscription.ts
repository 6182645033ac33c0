/** Where a subscription puts its results. */
export interface Sink<T> {
  next(value: T): void;
  error(error: unknown): void;
  complete(): void;
}

/** A subscription as an iterator. It begins at once, and what nobody has asked for yet waits. */
export function iterateSubscription<T>(subscribe: (sink: Sink<T>) => () => void): AsyncIterableIterator<T> {
  const waiting: T[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake: () => void = () => undefined;
  const dispose = subscribe({
    next(value) {
      waiting.push(value);
      wake();
    },
    error(error) {
      end = { error };
      wake();
    },
    complete() {
      end ??= {};
      wake();
    },
  });
  async function* results(): AsyncGenerator<T, undefined> {
    for (;;) {
      for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) yield value;
      if (end === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else if ("error" in end) throw end.error;
      else return undefined;
    }
  }
  const iterator = results();
  // The generator itself would end at the next result only.
  iterator.return = async () => {
    dispose();
    return { done: true, value: undefined };
  };
  return iterator;
}
