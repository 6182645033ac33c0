/** A rate as plain data, so that it can live in a socket's attachment. */
export interface TokenBucket {
  readonly tokens: number;
  /** Epoch ms of the last change. */
  readonly at: number;
}

/**
 * Takes tokens (one, unless told otherwise); the bucket refills at `perSecond` up to `burst`. Undefined when there are
 * too few to take.
 */
export function takeToken(
  bucket: TokenBucket | undefined,
  perSecond: number,
  burst: number,
  now: number,
  count = 1,
): TokenBucket | undefined {
  const elapsed = bucket === undefined ? 0 : Math.max(0, now - bucket.at);
  const tokens = bucket === undefined ? burst : Math.min(burst, bucket.tokens + (elapsed * perSecond) / 1000);
  return tokens < count ? undefined : { tokens: tokens - count, at: now };
}
