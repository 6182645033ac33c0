import type { Principal } from "../core/principal.ts";
import { parseUuid } from "../core/uuid.ts";
import { parseImpersonator } from "./impersonation.ts";
import { refusal } from "./refusal.ts";
import { type AcceptedType, parseAcceptedType, refusalOfType } from "./token-types.ts";

/** The payload of a token, as decoded and before anything about it is known. */
export type Payload = Readonly<Record<string, unknown>>;

export interface Claims {
  readonly type: AcceptedType;
  /** The claim exactly as it stands in the token: the HS256 secret is made of it. */
  readonly workspaceIdAsWritten: string;
  readonly principal: Principal;
}

const MAX_ISSUED_AHEAD_MS = 60_000;
/** The last second of the year 9999: a time past it is milliseconds by mistake, or made up. */
const MAX_EPOCH_SECONDS = 253_402_300_799;

/**
 * Reads the claims of a token, without regard to its signature.
 * @param now epoch milliseconds
 * @throws GatewayError UNAUTHENTICATED, naming the check that failed
 */
export function parseClaims(payload: Payload, now: number): Claims {
  const type = parseAcceptedType(payload.type);
  if (type === undefined) throw refusal(refusalOfType(payload.type));
  const times = parseTimes(payload, now);
  const workspaceId = requireUuid(payload, "workspaceId");
  const principal = parsePrincipal(type, payload, { workspaceId, ...times });
  return { type, workspaceIdAsWritten: String(payload.workspaceId), principal };
}

function parsePrincipal(
  type: AcceptedType,
  payload: Payload,
  facts: { workspaceId: string; issuedAt: number; expiresAt: number },
): Principal {
  const userWorkspaceId = optionalUuid(payload, "userWorkspaceId");
  const impersonatorUserWorkspaceId = parseImpersonator(payload, userWorkspaceId);
  const workspaceMemberId = optionalUuid(payload, "workspaceMemberId");
  switch (type) {
    case "ACCESS":
    case "PLAYGROUND":
      return {
        ...facts,
        kind: "user",
        userId: parseUserId(payload),
        userWorkspaceId: requireUuid(payload, "userWorkspaceId"),
        ...(workspaceMemberId !== undefined && { workspaceMemberId }),
        ...(impersonatorUserWorkspaceId !== undefined && { impersonatorUserWorkspaceId }),
      };
    case "API_KEY": {
      if (parseUuid(payload.sub) !== facts.workspaceId)
        throw refusal("The API key's sub claim is not its workspaceId.");
      const apiKeyId = requireUuid(payload, "jti");
      return { ...facts, kind: "apiKey", apiKeyId, ...(workspaceMemberId !== undefined && { workspaceMemberId }) };
    }
    case "APPLICATION":
    case "APPLICATION_ACCESS": {
      const userId = optionalUuid(payload, "userId");
      return {
        ...facts,
        kind: "application",
        applicationId: requireUuid(payload, "applicationId"),
        ...(userWorkspaceId !== undefined && { userWorkspaceId }),
        ...(userId !== undefined && { userId }),
      };
    }
  }
}

/** Twenty takes `sub`, then `userId`, for the user: a token in which they differ would be two people. */
function parseUserId(payload: Payload): string {
  const [sub, userId] = [optionalUuid(payload, "sub"), optionalUuid(payload, "userId")];
  if (sub !== undefined && userId !== undefined && sub !== userId) {
    throw refusal("The token's sub and userId claims differ.");
  }
  return sub ?? userId ?? requireUuid(payload, "userId");
}

function parseTimes(payload: Payload, now: number): { issuedAt: number; expiresAt: number } {
  const issuedAt = requireTime(payload, "iat");
  const expiresAt = requireTime(payload, "exp");
  if (issuedAt * 1000 > now + MAX_ISSUED_AHEAD_MS) throw refusal("The token's iat claim is in the future.");
  if (payload.nbf !== undefined && requireTime(payload, "nbf") * 1000 > now) {
    throw refusal("The token is not valid yet (nbf).");
  }
  // A fraction of a second is dropped, so that revocation and expiry, which count in seconds, never err on the late side.
  const times = { issuedAt: Math.floor(issuedAt), expiresAt: Math.floor(expiresAt) };
  if (times.expiresAt * 1000 <= now) throw refusal("The token has expired.");
  return times;
}

function requireTime(payload: Payload, name: "iat" | "exp" | "nbf"): number {
  const value = payload[name];
  const isTime = typeof value === "number" && value >= 0 && value <= MAX_EPOCH_SECONDS;
  if (!isTime) throw refusal(`The token's ${name} claim is not a time in epoch seconds.`);
  return value;
}

type UuidClaim = "workspaceId" | "userWorkspaceId" | "userId" | "workspaceMemberId" | "sub" | "jti" | "applicationId";

function requireUuid(payload: Payload, name: UuidClaim): string {
  const uuid = parseUuid(payload[name]);
  if (uuid === undefined) throw refusal(`The token's ${name} claim is not a UUID.`);
  return uuid;
}

/** A claim that may be missing; `null` says the same as its absence. */
function optionalUuid(payload: Payload, name: UuidClaim): string | undefined {
  return payload[name] === undefined || payload[name] === null ? undefined : requireUuid(payload, name);
}
