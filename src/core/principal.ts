/** Who a verified token speaks for. Plain data: it is kept in a socket's attachment. UUIDs are in lower case. */
export type Principal = UserPrincipal | ApiKeyPrincipal | ApplicationPrincipal;

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
  }
}
