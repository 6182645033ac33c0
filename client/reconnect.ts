import { onWake } from "./page.ts";
import { isCloseEvent } from "./web-socket.ts";

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;
/** Whoever is told that there is too much going on does not come back at once. */
const OVERLOADED = 1013;
const OVERLOADED_WAIT_MS = 5_000;
/** A connection that did not last longer than this was none: the waits go on growing. */
const STABLE_MS = 5_000;
/** Tabs and laptops that wake together do not reconnect together. */
const WAKE_SPREAD_MS = 300;
const FORBIDDEN = 4403;

/** When a client connects again, and when it gives up. */
export interface Reconnect {
  retryWait(): Promise<void>;
  shouldRetry(errorOrClose: unknown): boolean;
  /** The server has acknowledged a connection. */
  connected(): void;
  closed(event: unknown): void;
  /** Ends a wait that is going on. */
  wake(): void;
}

/**
 * Tries again for ever, with waits drawn at random from 0 to a bound that doubles from 1 s to 30 s, or at once when the page
 * becomes visible or the network returns. Gives up when the server does not let the caller in twice in a row, or on an error
 * that is no close.
 */
export function createReconnect(random: () => number = Math.random): Reconnect {
  let attempts = 0;
  let connectedAt: number | undefined;
  let wasOverloaded = false;
  let refusals = 0;
  let wasLetIn = false;
  let judged: { readonly event: unknown; readonly verdict: boolean } | undefined;
  let wake: () => void = () => undefined;

  function judge(event: unknown): boolean {
    if (!isCloseEvent(event)) return false;
    // A caller that was let in before is told that its token is over: another one may be as good as the first was.
    if (event.code !== FORBIDDEN || wasLetIn) return true;
    refusals++;
    return refusals < 2;
  }

  return {
    async retryWait() {
      const bound = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts++);
      // Tokens are taken back by the second: one that was made in the same second is refused too.
      const leastMs = wasOverloaded || refusals > 0 ? FIRST_WAIT_MS : 0;
      const waitMs = leastMs + random() * (wasOverloaded ? Math.max(bound, OVERLOADED_WAIT_MS) : bound);
      await new Promise<void>((resolve) => {
        let timer = setTimeout(done, waitMs);
        const stop = onWake(() => {
          clearTimeout(timer);
          timer = setTimeout(done, random() * WAKE_SPREAD_MS);
        });
        function done() {
          clearTimeout(timer);
          stop();
          resolve();
        }
        wake = done;
      });
    },
    shouldRetry(errorOrClose) {
      // graphql-ws asks once for each operation that the one close has interrupted.
      if (judged === undefined || judged.event !== errorOrClose) {
        judged = { event: errorOrClose, verdict: judge(errorOrClose) };
      }
      return judged.verdict;
    },
    connected() {
      connectedAt = Date.now();
      refusals = 0;
    },
    closed(event) {
      wasLetIn = connectedAt !== undefined;
      wasOverloaded = isCloseEvent(event) && event.code === OVERLOADED;
      if (connectedAt !== undefined && Date.now() - connectedAt >= STABLE_MS) attempts = 0;
      connectedAt = undefined;
    },
    wake: () => wake(),
  };
}
