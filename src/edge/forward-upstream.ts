import { isAllowedOrigin } from "../auth/origins.ts";
import { GatewayError, messageOf } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";

/** What of a client's request goes along. Upstream checks the origin of requests with cookies itself. */
const REQUEST_HEADERS = [
  "Accept",
  "Authorization",
  "Content-Type",
  "Origin",
  "X-App-Version",
  "X-Locale",
  "X-Schema-Version",
];
/** What of an answer comes back. CORS is the gateway's own. */
const RESPONSE_HEADERS = ["Cache-Control", "Content-Type", "Retry-After", "WWW-Authenticate"];

/** Marks a request that a gateway has sent on, so that an address which leads back here makes no loop. */
const FORWARDED_HEADER = "X-Sluice-Forwarded";

/**
 * Sends a request on as it came, and streams the answer back.
 * @throws GatewayError UPSTREAM_FAILED when there is none, UPSTREAM_TIMEOUT when it does not begin in time
 */
export async function forwardUpstream(
  request: Request,
  body: Uint8Array<ArrayBuffer> | undefined,
  upstreamUrl: string,
  settings: Settings,
): Promise<Response> {
  if (request.headers.has(FORWARDED_HEADER)) throw failed("UPSTREAM_GRAPHQL_URL leads back to a gateway.");
  const url = new URL(upstreamUrl);
  for (const [name, value] of new URL(request.url).searchParams) url.searchParams.append(name, value);
  const hasCookies = takesCookies(request, settings);
  const headers = pick(request.headers, hasCookies ? [...REQUEST_HEADERS, "Cookie"] : REQUEST_HEADERS);
  headers.set(FORWARDED_HEADER, "1");
  const { method } = request;
  const answer = await ask(url, { method, headers, body: body ?? null }, settings.limits.UPSTREAM_TIMEOUT_SECONDS);
  if (answer.status >= 300 && answer.status < 400) {
    await answer.body?.cancel();
    throw failed("The server behind the gateway answered with a redirect, which is not followed.");
  }
  const answered = pick(answer.headers, RESPONSE_HEADERS);
  if (hasCookies) for (const cookie of answer.headers.getSetCookie()) answered.append("Set-Cookie", cookie);
  return new Response(answer.body, { status: answer.status, headers: answered });
}

/** The time limit is that of the beginning of an answer: one that streams may go on for long. */
async function ask(url: URL, init: RequestInit, timeoutSeconds: number): Promise<Response> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutSeconds * 1000);
  try {
    return await fetch(url, { ...init, redirect: "manual", cache: "no-store", signal: abort.signal });
  } catch (thrown) {
    console.warn({ message: "Upstream could not be asked", error: messageOf(thrown) });
    if (abort.signal.aborted) {
      const message = `The server behind the gateway did not answer within ${timeoutSeconds} s (UPSTREAM_TIMEOUT_SECONDS).`;
      throw new GatewayError("UPSTREAM_TIMEOUT", message);
    }
    throw failed("The server behind the gateway could not be asked.");
  } finally {
    clearTimeout(timer);
  }
}

/** Whether cookies go along: a page of elsewhere must not act with those of its visitor, nor set any. */
function takesCookies({ headers, url }: Request, { allowedOrigins }: Settings): boolean {
  const origin = headers.get("Origin");
  if (origin === null || origin === new URL(url).origin) return true;
  return allowedOrigins !== "*" && isAllowedOrigin(origin, allowedOrigins);
}

function pick(headers: Headers, names: readonly string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}

function failed(message: string): GatewayError {
  return new GatewayError("UPSTREAM_FAILED", message);
}
