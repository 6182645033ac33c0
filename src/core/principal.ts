/** Who a verified credential speaks for. Plain data: it is kept in a socket's attachment. UUIDs are in lower case. */
export type Principal = UserPrincipal | ApiKeyPrincipal | ApplicationPrincipal | ServerPrincipal;

interface TokenFacts {
  readonly workspaceId: string;
  /** Epoch seconds, from the token's `iat`. */
  readonly issuedAt: number;
  /** Epoch seconds, from the token's `exp`. */
  readonly expiresAt: number;
}

export interface UserPrincipal extends TokenFacts {
  readonly kind: "user";
  readonly userId: string;
  readonly userWorkspaceId: string;
  readonly workspaceMemberId?: string;
  /** Set while somebody else acts as this user. */
  readonly impersonatorUserWorkspaceId?: string;
}

export interface ApiKeyPrincipal extends TokenFacts {
  readonly kind: "apiKey";
  readonly apiKeyId: string;
  readonly workspaceMemberId?: string;
}

export interface ApplicationPrincipal extends TokenFacts {
  readonly kind: "application";
  readonly applicationId: string;
  readonly userWorkspaceId?: string;
  readonly userId?: string;
}

/** A server that holds one of `CHANNEL_SECRETS`: for as long as that one is in the list. */
export interface ServerPrincipal extends TokenFacts {
  readonly kind: "server";
  /** Which of the secrets it is, as of `secretTag`. */
  readonly secretTag: string;
}

/** A server whose secret was found to hold now. A secret has no expiry of its own. */
export function serverPrincipal(workspaceId: string, secretTag: string, nowMs: number): ServerPrincipal {
  return { kind: "server", workspaceId, secretTag, issuedAt: Math.floor(nowMs / 1000), expiresAt: END_OF_TIME };
}

/** The last second that a `Date` can hold. */
const END_OF_TIME = 8_640_000_000_000;

/**
 * One string per caller within a workspace, the same for every token of that caller: what limits count by, and what a
 * refreshed token must share with the one before. Never the token's `sub`, never the token itself.
 */
export function identityOf(principal: Principal): string {
  switch (principal.kind) {
    case "user":
      return `user:${principal.userWorkspaceId}`;
    case "apiKey":
      return `apiKey:${principal.apiKeyId}`;
    case "application":
      return `application:${principal.applicationId}:${principal.userWorkspaceId ?? ""}`;
    case "server":
      // All servers of a workspace are one, also while they change from one secret to another.
      return "server";
  }
}
