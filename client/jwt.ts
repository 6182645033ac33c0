import { isObject, parseJson } from "./json.ts";

type Claims = Readonly<Record<string, unknown>>;

/** What a token says of itself, unverified: nothing that matters for safety may hang on it. Undefined when it is no JWT. */
export function readClaims(token: string): Claims | undefined {
  const body = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token)?.[1];
  if (body === undefined) return undefined;
  let text: string;
  try {
    text = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
  const claims = parseJson(text);
  return isObject(claims) ? claims : undefined;
}

/** Whether the claims say that their time is over. A clock that is wrong costs one more call of `token()`, no more. */
export function isExpired({ exp }: Claims, now: number): boolean {
  return typeof exp === "number" && exp * 1000 <= now;
}

/** API keys are taken from `connection_init` only: the header of the subprotocols shows up in logs. */
export function isApiKey({ type }: Claims): boolean {
  return type === "API_KEY";
}

/** Tells one caller from another, the same for all tokens of one caller. Undefined when the claims name nobody. */
export function callerOf(claims: Claims): string | undefined {
  const { sub, workspaceId, userWorkspaceId, applicationId } = claims;
  const names = [sub, workspaceId, userWorkspaceId, applicationId, isApiKey(claims) ? claims["jti"] : undefined];
  return names.some((name) => name != null) ? JSON.stringify(names) : undefined;
}
