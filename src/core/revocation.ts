import { GatewayError } from "./errors.ts";
import { isJsonObject } from "./json.ts";
import type { Principal } from "./principal.ts";
import { parseUuid } from "./uuid.ts";

/** Whose tokens an operator takes back. */
export interface Revocation {
  /** Names as of `refusalNamesOf`; a token that has any of them is refused. */
  readonly names: readonly string[];
  /** Epoch seconds of the issuer's clock: tokens issued up to and including this second. */
  readonly issuedUntil: number;
  /** Whether that second is just now by our clock: then tokens in use count too that an issuer ahead of it has dated later. */
  readonly isUntilNow: boolean;
}

/** Stands for every token of a workspace, API keys included. */
export const EVERYBODY = "*";

/**
 * The names under which a principal can be refused. Whoever acts as somebody else is refused under either. A server has
 * none: it holds no token that could be taken back, but a secret of the settings.
 */
export function refusalNamesOf(principal: Principal): string[] {
  if (principal.kind === "server") return [];
  const names = [EVERYBODY];
  const add = (field: RevocableField, value: string | undefined) => {
    if (value !== undefined) names.push(refusalName(field, value));
  };
  switch (principal.kind) {
    case "user":
      add("userWorkspaceId", principal.userWorkspaceId);
      add("userWorkspaceId", principal.impersonatorUserWorkspaceId);
      add("userId", principal.userId);
      break;
    case "apiKey":
      add("apiKeyId", principal.apiKeyId);
      break;
    case "application":
      add("applicationId", principal.applicationId);
      add("userWorkspaceId", principal.userWorkspaceId);
      add("userId", principal.userId);
      break;
  }
  return names;
}

/**
 * Parses what an operator sends: any of `userWorkspaceId`, `userId`, `apiKeyId`, `applicationId`, `all: true`, and
 * `before` (epoch seconds, default now).
 * @throws GatewayError BAD_REQUEST
 */
export function parseRevocation(input: unknown, nowMs: number): Revocation {
  if (!isJsonObject(input)) throw bad("The body must be a JSON object.");
  const names: string[] = [];
  for (const field of REVOCABLE_FIELDS) {
    const value = input[field];
    if (value == null) continue;
    const uuid = parseUuid(value);
    if (uuid === undefined) throw bad(`${field} must be a UUID.`);
    names.push(refusalName(field, uuid));
  }
  const { all, before } = input;
  if (all != null && typeof all !== "boolean") throw bad("all must be true.");
  if (all === true) names.push(EVERYBODY);
  if (names.length === 0) throw bad(`One of ${REVOCABLE_FIELDS.join(", ")} or all must say whom to revoke.`);
  if (before != null && !(typeof before === "number" && Number.isSafeInteger(before) && before >= 0)) {
    throw bad("before must be in epoch seconds.");
  }
  if (typeof before === "number" && before > nowMs / 1000 + MAX_AHEAD_SECONDS) {
    throw bad("before must be in epoch seconds, and not more than a day ahead.");
  }
  if (typeof before === "number") return { names, issuedUntil: before, isUntilNow: false };
  return { names, issuedUntil: Math.floor(nowMs / 1000), isUntilNow: true };
}

/** A time in milliseconds, given by mistake, would lock everybody out for good. */
const MAX_AHEAD_SECONDS = 86_400;

const REVOCABLE_FIELDS = ["userWorkspaceId", "userId", "apiKeyId", "applicationId"] as const;
type RevocableField = (typeof REVOCABLE_FIELDS)[number];

function refusalName(field: RevocableField, value: string): string {
  return `${field}:${value}`;
}

function bad(message: string): GatewayError {
  return new GatewayError("BAD_REQUEST", message);
}
