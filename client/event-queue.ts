/** More events wait for an iterator than may: whoever reads it does not keep up. */
export class EventQueueOverflowError extends Error {
  override readonly name = "EventQueueOverflowError";
}

/** Where an iterator gets its events from. */
export interface EventSource {
  readonly next: (event: unknown) => void;
  readonly failed: (error: Error) => void;
}

/**
 * Events as an iterator. It subscribes with the first `next()`, as RedisPubSub's do, and unsubscribes with `return()` or
 * `throw()`, or when it fails; what came before a failure is still given.
 * @param subscribe begins; returns what ends it
 * @param maxWaiting events that may wait for a `next()`
 */
export function iterateEvents<T>(
  subscribe: (source: EventSource) => () => void,
  maxWaiting: number,
): AsyncIterableIterator<T> {
  const waiting: T[] = [];
  const asked: { readonly resolve: (result: IteratorResult<T>) => void; readonly reject: (error: Error) => void }[] =
    [];
  let end: { error?: Error } | undefined;
  let unsubscribe: (() => void) | undefined;

  function finish(how: { error?: Error }): void {
    if (end !== undefined) return;
    end = how;
    unsubscribe?.();
    const [first, ...others] = asked.splice(0);
    if (first === undefined) return;
    // A failure is told once: to the next who asks, or to the first who waits.
    if (how.error === undefined) first.resolve({ done: true, value: undefined });
    else first.reject(how.error);
    end = {};
    for (const { resolve } of others) resolve({ done: true, value: undefined });
  }

  const source: EventSource = {
    next(event) {
      if (end !== undefined) return;
      const first = asked.shift();
      if (first !== undefined) return first.resolve({ done: false, value: event as T });
      if (waiting.length < maxWaiting) return void waiting.push(event as T);
      finish({ error: new EventQueueOverflowError(`More than ${maxWaiting} events wait (maxQueuedEvents).`) });
    },
    failed: (error) => finish({ error }),
  };

  return {
    async next() {
      if (end === undefined && unsubscribe === undefined) unsubscribe = subscribe(source);
      if (waiting.length > 0) return { done: false, value: waiting.shift() as T };
      if (end === undefined) return new Promise((resolve, reject) => asked.push({ resolve, reject }));
      const { error } = end;
      end = {};
      if (error !== undefined) throw error;
      return { done: true, value: undefined };
    },
    async return() {
      finish({});
      end = {};
      waiting.length = 0;
      return { done: true, value: undefined };
    },
    async throw(error) {
      finish({});
      end = {};
      waiting.length = 0;
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
