import { type CryptoKey, SignJWT } from "jose";
import { twentySecret } from "../../src/auth/twenty-secret.ts";

/** What the tokens of development, tests and benchmarks speak for unless told otherwise. */
export const DEV_WORKSPACE_ID = "d0000000-0000-4000-8000-000000000001";
export const DEV_USER_ID = "d0000000-0000-4000-8000-000000000002";

export interface SignTokenOptions {
  /** Signs with Twenty's derived HS256 secret. Either this or `key`. */
  readonly appSecret?: string;
  /** Signs with ES256. */
  readonly key?: { readonly kid: string; readonly privateKey: CryptoKey };
  /** `ACCESS` by default. */
  readonly type?: string;
  /** `DEV_WORKSPACE_ID` by default. */
  readonly workspaceId?: string;
  /** `DEV_USER_ID` by default. Applications have a user only when one is given. */
  readonly userId?: string;
  /** By default the same for every token of this user in this workspace. */
  readonly userWorkspaceId?: string;
  /** The `jti` of an API key. */
  readonly apiKeyId?: string;
  readonly applicationId?: string;
  /** 30 minutes by default. */
  readonly expiresInSeconds?: number;
  /** Epoch milliseconds; the present by default. */
  readonly now?: number;
  /** The type the HS256 secret is derived from, where it is not the token's own: old API keys were signed as `ACCESS`. */
  readonly signedAs?: string;
  /** Claims to add or replace; one that is undefined is left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

const DEFAULT_LIFE_SECONDS = 30 * 60;

/** Makes a token as Twenty would, and, through `claims`, as it would not. Runs in Node and in workerd. */
export async function signToken(options: SignTokenOptions): Promise<string> {
  const { type = "ACCESS", workspaceId = DEV_WORKSPACE_ID, now = Date.now() } = options;
  const issuedAt = Math.floor(now / 1000);
  const times = { iat: issuedAt, exp: issuedAt + (options.expiresInSeconds ?? DEFAULT_LIFE_SECONDS) };
  const claims = { ...(await claimsOf(type, workspaceId, options)), type, workspaceId, ...times, ...options.claims };
  // SignJWT leaves an undefined claim out, as JSON does.
  const token = new SignJWT(claims);
  if (options.key !== undefined) {
    return token.setProtectedHeader({ alg: "ES256", typ: "JWT", kid: options.key.kid }).sign(options.key.privateKey);
  }
  if (options.appSecret === undefined) throw new TypeError("signToken needs appSecret or key.");
  const secret = await twentySecret(options.appSecret, String(claims.workspaceId), options.signedAs ?? type);
  return token.setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret);
}

/** A UUID that is always the same for the same parts. */
export async function deriveUuid(...parts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("\n")));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  // Version 8 of RFC 9562: a UUID made in a way of one's own.
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

async function claimsOf(
  type: string,
  workspaceId: string,
  { userId, userWorkspaceId, apiKeyId, applicationId }: SignTokenOptions,
): Promise<Record<string, unknown>> {
  switch (type) {
    case "API_KEY":
      return { sub: workspaceId, jti: apiKeyId ?? (await deriveUuid("api key", workspaceId)) };
    case "APPLICATION":
    case "APPLICATION_ACCESS": {
      const id = applicationId ?? (await deriveUuid("application", workspaceId));
      if (userId === undefined) return { sub: id, applicationId: id, userWorkspaceId };
      const ofUser = userWorkspaceId ?? (await userWorkspaceIdOf(userId, workspaceId));
      return { sub: id, applicationId: id, userId, userWorkspaceId: ofUser };
    }
    default: {
      const user = userId ?? DEV_USER_ID;
      return {
        sub: user,
        userId: user,
        userWorkspaceId: userWorkspaceId ?? (await userWorkspaceIdOf(user, workspaceId)),
        workspaceMemberId: await deriveUuid("workspace member", user.toLowerCase(), workspaceId.toLowerCase()),
        authProvider: "password",
        ...(type === "ACCESS" && { isImpersonating: false }),
      };
    }
  }
}

function userWorkspaceIdOf(userId: string, workspaceId: string): Promise<string> {
  return deriveUuid("user workspace", userId.toLowerCase(), workspaceId.toLowerCase());
}
