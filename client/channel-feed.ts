import type { ChannelListener } from "./channel-sockets.ts";
import { runApart } from "./run-apart.ts";

/** Whoever listens to a feed. */
export interface FeedListener {
  readonly next: (payload: unknown) => void;
  readonly failed: (error: Error) => void;
}

/** One channel, or one pattern, of one workspace, with all in this process who listen to it: it is subscribed once. */
export class ChannelFeed {
  /** Resolves when the gateway has begun it; rejects when it never did. */
  readonly live: Promise<void>;
  readonly #listeners = new Map<number, FeedListener>();
  #end: () => void;
  readonly #fail: (error: Error) => void;

  /**
   * @param subscribe begins it; returns what ends it
   * @param onGap payloads were lost for good
   * @param onFailure it is over, and its listeners know
   */
  constructor(
    subscribe: (listener: ChannelListener) => () => void,
    decode: (message: { readonly channel: string; readonly payload: unknown }) => unknown,
    onGap: () => void,
    onFailure: (error: Error) => void,
  ) {
    const { promise, resolve, reject } = withResolvers();
    this.live = promise;
    // Whoever waits for it is told; nobody need.
    promise.catch(() => undefined);
    this.#fail = (error) => {
      reject(error);
      for (const listener of [...this.#listeners.values()]) runApart(() => listener.failed(error));
    };
    let isLive = false;
    let hasGap = false;
    const tellGap = () => {
      hasGap = false;
      onGap();
    };
    const listener: ChannelListener = {
      live() {
        // Not before: what is fetched because of it must not be older than what comes.
        if (hasGap) tellGap();
        isLive = true;
        resolve();
      },
      next: (message) => {
        const payload = decode(message);
        for (const each of [...this.#listeners.values()]) runApart(() => each.next(payload));
      },
      gap() {
        if (isLive) tellGap();
      },
      failed: (error) => {
        // A gateway that was deployed anew no longer runs what it kept, and says nothing against the same once more.
        if ("code" in error && error.code === "OPERATION_OUTDATED") {
          hasGap = isLive;
          this.#end = subscribe(listener);
          return;
        }
        this.#fail(error);
        onFailure(error);
      },
    };
    this.#end = subscribe(listener);
  }

  join(id: number, listener: FeedListener): void {
    this.#listeners.set(id, listener);
  }

  /** @returns whether somebody is left */
  leave(id: number): boolean {
    this.#listeners.delete(id);
    if (this.#listeners.size > 0) return true;
    this.#end();
    return false;
  }

  /** Ends it for everybody. */
  close(error: Error): void {
    this.#end();
    this.#fail(error);
  }
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers() {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  return { promise, resolve, reject };
}
