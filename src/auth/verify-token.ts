import { base64url, type CryptoKey, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { Principal } from "../core/principal.ts";
import type { Settings } from "../core/settings.ts";
import { parseUuid } from "../core/uuid.ts";
import { type Claims, type Payload, parseClaims } from "./claims.ts";
import { createHs256Keys, type Hs256Keys } from "./hs256-keys.ts";
import { refusal } from "./refusal.ts";
import { createSigningKeys } from "./signing-keys.ts";

export interface TokenVerifier {
  /**
   * Says for whom a token speaks.
   * @throws GatewayError UNAUTHENTICATED, whose message names the check that failed and fits a close reason
   * @throws GatewayError KEYS_UNAVAILABLE when the keys could not be fetched
   */
  verify(token: string): Promise<Principal>;
}

export interface TokenVerifierOptions {
  readonly settings: Settings;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
}

const MAX_TOKEN_LENGTH = 8 * 1024;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Verifies Twenty's tokens. It keeps the keys it fetched: one per isolate. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { settings, now } = options;
  const signingKeys = createSigningKeys(options);
  const hs256Keys = settings.appSecret === undefined ? undefined : createHs256Keys(settings.appSecret);

  return {
    async verify(token) {
      const { header, payload } = decode(token);
      const kid = parseHeader(header);
      // Claims come before the signature, so that a token which is of no use anyway never causes a fetch.
      const claims = parseClaims(payload, now());
      const keys = kid === undefined ? await keysOf(claims, settings.hs256, hs256Keys) : [await es256Key(kid, claims)];
      if (!(await verifiesWithOneOf(keys, token, kid === undefined ? "HS256" : "ES256", now()))) {
        throw refusal("The token's signature does not verify.");
      }
      return claims.principal;
    },
  };

  async function es256Key(kid: string, { principal }: Claims): Promise<CryptoKey> {
    const key = await signingKeys.find(kid, principal.issuedAt);
    if (key === undefined) throw refusal("The token's signing key is not known here.");
    return key;
  }
}

function decode(token: string): { header: Payload; payload: Payload } {
  if (token.length > MAX_TOKEN_LENGTH) throw refusal(`The token is longer than ${MAX_TOKEN_LENGTH} characters.`);
  try {
    if (!COMPACT_JWS.test(token)) throw new TypeError("not a compact JWS");
    // A signature has one spelling: the decoder would let the unused bits of its last character pass.
    const signature = token.slice(token.lastIndexOf(".") + 1);
    if (base64url.encode(base64url.decode(signature)) !== signature) throw new TypeError("not canonical");
    return { header: { ...decodeProtectedHeader(token) }, payload: decodeJwt(token) };
  } catch {
    throw refusal("The token is not a JWT.");
  }
}

/** The id of the ES256 key to verify with, or undefined for HS256. */
function parseHeader({ alg, kid }: Payload): string | undefined {
  if (alg === "HS256") return undefined;
  if (alg !== "ES256") throw refusal("The token's algorithm is not accepted here.");
  const uuid = parseUuid(kid);
  if (uuid === undefined) throw refusal("The ES256 token's kid is not a UUID.");
  return uuid;
}

async function keysOf(
  { type, workspaceIdAsWritten }: Claims,
  isAccepted: boolean,
  hs256Keys: Hs256Keys | undefined,
): Promise<CryptoKey[]> {
  if (!isAccepted) throw refusal("HS256 tokens are not accepted here (HS256=off).");
  if (hs256Keys === undefined) throw refusal("HS256 tokens cannot be verified here: APP_SECRET is not set.");
  // API keys from before 2025-12-12 were signed as ACCESS.
  const types = type === "API_KEY" ? ["API_KEY", "ACCESS"] : [type];
  return Promise.all(types.map((signedAs) => hs256Keys.find(workspaceIdAsWritten, signedAs)));
}

async function verifiesWithOneOf(
  keys: readonly CryptoKey[],
  token: string,
  algorithm: "HS256" | "ES256",
  now: number,
): Promise<boolean> {
  for (const key of keys) {
    try {
      await jwtVerify(token, key, { algorithms: [algorithm], currentDate: new Date(now) });
      return true;
    } catch (error) {
      // The claims passed a moment ago: fetching the keys took the rest of the token's life.
      if (error instanceof errors.JWTExpired) throw refusal("The token has expired.");
      if (error instanceof errors.JOSENotSupported) throw refusal("The token's header asks for what is not supported.");
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return false;
}
