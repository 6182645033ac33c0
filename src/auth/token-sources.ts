import { GatewayError } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import type { Settings } from "../core/settings.ts";
import { parseBearer } from "./bearer.ts";
import { isAllowedOrigin } from "./origins.ts";
import { refusal } from "./refusal.ts";
import { tokenFromCookie } from "./token-cookie.ts";
import type { TokenVerifier } from "./verify-token.ts";

/** A subprotocol item that begins so carries a token, and is never selected. */
export const BEARER_ITEM_PREFIX = "bearer.";

/**
 * Finds out who sends a request, an upgrade or any other: from its `Authorization` header, its `bearer.` subprotocol
 * item or its cookie, the first one found. The URL is never looked at.
 * @returns undefined when the request holds no token; `connection_init` may still bring one
 * @throws GatewayError UNAUTHENTICATED or KEYS_UNAVAILABLE, as of the verifier
 */
export async function authenticateRequest(
  request: Request,
  verifier: TokenVerifier,
  settings: Pick<Settings, "allowedOrigins">,
): Promise<Principal | undefined> {
  const [item, ...moreItems] = bearerItems(request.headers);
  if (moreItems.length > 0) throw refusal("Several bearer items are among the subprotocols.");
  const header = request.headers.get("authorization")?.trim();
  // Twenty's front sends the header empty while nobody is signed in.
  if (header) {
    const token = parseBearer(header);
    if (token === undefined) throw refusal("The Authorization header is not of the form Bearer <token>.");
    return verifier.verify(token);
  }
  return item === undefined ? fromCookie(request.headers, verifier, settings) : fromItem(item, verifier);
}

/**
 * The token in the payload of a `connection_init`, with or without `Bearer ` before it, or undefined when there is none.
 */
export function tokenFromInitPayload(payload: unknown): string | undefined {
  const headers = own(payload, "headers");
  const candidates = [
    own(payload, "authorization"),
    own(payload, "Authorization"),
    own(payload, "accessToken"),
    own(payload, "token"),
    own(headers, "authorization"),
    own(headers, "Authorization"),
  ];
  for (const candidate of candidates) {
    if (typeof candidate !== "string") continue;
    const token = candidate.trim().replace(/^Bearer(\s+|$)/i, "");
    if (token !== "") return token;
  }
  return undefined;
}

function bearerItems(headers: Headers): string[] {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return [];
  const items = (headers.get("sec-websocket-protocol") ?? "").split(",").map((item) => item.trim());
  return items
    .filter((item) => item.startsWith(BEARER_ITEM_PREFIX))
    .map((item) => item.slice(BEARER_ITEM_PREFIX.length));
}

async function fromItem(token: string, verifier: TokenVerifier): Promise<Principal> {
  const principal = await verifier.verify(token);
  // That header shows up in logs, and an API key lives for years.
  if (principal.kind === "apiKey")
    throw refusal("An API key is taken from the Authorization header, not a subprotocol.");
  return principal;
}

/** A browser sends cookies by itself, so only pages of listed origins may have them count. */
async function fromCookie(
  headers: Headers,
  verifier: TokenVerifier,
  { allowedOrigins }: Pick<Settings, "allowedOrigins">,
): Promise<Principal | undefined> {
  if (allowedOrigins === "*" || !isAllowedOrigin(headers.get("origin"), allowedOrigins)) return undefined;
  const token = tokenFromCookie(headers.get("cookie"));
  if (token === undefined) return undefined;
  try {
    return await verifier.verify(token);
  } catch (error) {
    if (error instanceof GatewayError && error.code === "UNAUTHENTICATED") return undefined;
    throw error;
  }
}

function own(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
