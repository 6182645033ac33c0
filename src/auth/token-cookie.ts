/** The name of the cookie in which Twenty's front keeps its tokens. */
const COOKIE_NAME = "tokenPair";
/** Room for an access and a refresh token of the greatest length, percent-encoded. */
const MAX_COOKIE_LENGTH = 24 * 1024;

/**
 * The access token in a `Cookie` header: `accessOrWorkspaceAgnosticToken.token`, else `accessToken.token` of the
 * URL-encoded JSON in `tokenPair`. Undefined when there is none, or nothing that can be read.
 */
export function tokenFromCookie(header: string | null): string | undefined {
  const value = cookieValue(header ?? "");
  if (value === undefined || value.length > MAX_COOKIE_LENGTH) return undefined;
  try {
    const pair: unknown = JSON.parse(decodeURIComponent(value));
    return tokenIn(pair, "accessOrWorkspaceAgnosticToken") ?? tokenIn(pair, "accessToken");
  } catch {
    return undefined;
  }
}

function cookieValue(header: string): string | undefined {
  for (const pair of header.split(";")) {
    const separator = pair.indexOf("=");
    if (separator !== -1 && pair.slice(0, separator).trim() === COOKIE_NAME) return pair.slice(separator + 1).trim();
  }
  return undefined;
}

function tokenIn(pair: unknown, name: string): string | undefined {
  const holder = property(pair, name);
  const token = property(holder, "token");
  return typeof token === "string" && token !== "" ? token : undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
