import type { Settings } from "../core/settings.ts";

/** Scheme, host and perhaps port, and nothing else that a URL may have. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\]+$/i;

/**
 * Whether the `Origin` of a request is allowed: by scheme, host and port, never by a part of the host. With `"*"` every
 * origin is; a missing or opaque one (`null`) never is.
 */
export function isAllowedOrigin(origin: string | null, allowedOrigins: Settings["allowedOrigins"]): boolean {
  if (origin === null || !ORIGIN.test(origin) || !URL.canParse(origin)) return false;
  if (allowedOrigins === "*") return true;
  const { origin: normalized } = new URL(origin);
  return normalized !== "null" && allowedOrigins.includes(normalized);
}
