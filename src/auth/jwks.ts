import type { CryptoKey } from "jose";
import { GatewayError, messageOf } from "../core/errors.ts";
import { fetchJwks, JWKS_TIMEOUT_MS } from "./jwks-document.ts";

/** The keys behind a URL. */
export interface Jwks {
  /**
   * @param kid a UUID in lower case
   * @param issuedAt when the token that names it was issued, in epoch seconds
   * @returns the key, or undefined when the set has none of that id
   * @throws GatewayError KEYS_UNAVAILABLE when that could not be found out
   */
  find(kid: string, issuedAt: number): Promise<CryptoKey | undefined>;
}

export interface JwksOptions {
  readonly url: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
}

const MAX_AGE_MS = 10 * 60_000;
const MIN_INTERVAL_MS = 10_000;
const MAX_INTERVAL_MS = 60_000;
const MAX_MISSING_KIDS = 1_000;
const POLL_MS = 25;

/**
 * Keeps the keys of a URL for 10 minutes at most and fetches them when a key is asked for that it does not have: once per
 * 10 s at most, and after failures in a row once per 10, 20, 40, then 60 s. One per isolate.
 *
 * A `kid` that the set lacks is only called unknown when the set was fetched after the token was issued, since a key is
 * published before it signs; while the gateway may not look, any other one is unavailable rather than wrong. What was
 * looked up in vain is remembered for 10 minutes, for tokens up to the age of the one that asked.
 */
export function createJwks({ url, now, fetch }: JwksOptions): Jwks {
  let keys: ReadonlyMap<string, CryptoKey> = new Map();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let nextFetchAt = Number.NEGATIVE_INFINITY;
  let pendingUntil = Number.NEGATIVE_INFINITY;
  let failures = 0;
  /** Key id to the time up to which tokens that name it are known to be wrong. */
  const missing = new Map<string, number>();

  return {
    async find(kid, issuedAt) {
      const issuedAtMs = issuedAt * 1000;
      for (;;) {
        const key = isFresh() ? keys.get(kid) : undefined;
        if (key !== undefined || isMissing(kid, issuedAtMs)) return key;
        if (now() >= pendingUntil) break;
        // Another request is fetching. Its promise is bound to it, and the runtime forbids to await it here.
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      if (now() < nextFetchAt) {
        if (isFresh() && issuedAtMs < fetchedAt) return undefined;
        throw unavailable();
      }
      await refresh();
      const key = keys.get(kid);
      if (key === undefined) remember(kid, issuedAtMs);
      return key;
    },
  };

  function isFresh(): boolean {
    return now() - fetchedAt < MAX_AGE_MS;
  }

  function isMissing(kid: string, issuedAtMs: number): boolean {
    const until = missing.get(kid);
    return until !== undefined && issuedAtMs <= until && now() - until < MAX_AGE_MS;
  }

  function remember(kid: string, issuedAtMs: number): void {
    missing.delete(kid);
    const oldest = missing.keys().next();
    if (missing.size >= MAX_MISSING_KIDS && !oldest.done) missing.delete(oldest.value);
    missing.set(kid, Math.max(fetchedAt, issuedAtMs));
  }

  async function refresh(): Promise<void> {
    const startedAt = now();
    // Set before the first await, and by time: a request whose client leaves is cut off here and settles nothing.
    pendingUntil = startedAt + JWKS_TIMEOUT_MS;
    nextFetchAt = startedAt + MIN_INTERVAL_MS;
    try {
      keys = await fetchJwks(url, fetch);
      fetchedAt = startedAt;
      failures = 0;
    } catch (thrown) {
      console.warn({ message: "The keys of JWKS_URL could not be fetched", error: messageOf(thrown) });
      nextFetchAt = startedAt + Math.min(MIN_INTERVAL_MS * 2 ** failures, MAX_INTERVAL_MS);
      failures += 1;
      throw unavailable();
    } finally {
      pendingUntil = Number.NEGATIVE_INFINITY;
    }
  }
}

function unavailable(): GatewayError {
  return new GatewayError("KEYS_UNAVAILABLE", "The keys to verify the token cannot be fetched now.");
}
