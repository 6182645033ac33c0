import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import { expect } from "vitest";
import { type SignTokenOptions, signToken } from "../../scripts/lib/sign-token.ts";
import { twentySecret } from "../../src/auth/twenty-secret.ts";
import { createTokenVerifier, type TokenVerifier } from "../../src/auth/verify-token.ts";
import { type ErrorCode, GatewayError } from "../../src/core/errors.ts";
import { parseSettings } from "../../src/core/settings.ts";

export const APP_SECRET = "a-secret-of-production-length-0123456789";
export const WORKSPACE_ID = "aaaaaaaa-0000-4000-8000-00000000000a";
export const USER_ID = "bbbbbbbb-0000-4000-8000-00000000000b";
export const USER_WORKSPACE_ID = "cccccccc-0000-4000-8000-00000000000c";
export const OTHER_ID = "dddddddd-0000-4000-8000-00000000000d";
export const KID = "eeeeeeee-0000-4000-8000-00000000000e";
export const JWKS_URL = "https://keys.example.com/jwks.json";
/** 2026-09-01T00:00:00Z, in milliseconds. */
export const START = 1_788_220_800_000;

export class TestClock {
  time = START;
  readonly now = (): number => this.time;
  advance(milliseconds: number): void {
    this.time += milliseconds;
  }
}

/** A `fetch` that counts its calls and answers as it is told. */
export class TestFetch {
  calls = 0;
  lastInit: RequestInit | undefined;
  answer: (init: RequestInit | undefined) => Response | Promise<Response> = () => new Response("down", { status: 500 });

  readonly fetch = async (_input: unknown, init?: RequestInit): Promise<Response> => {
    this.calls += 1;
    this.lastInit = init;
    return this.answer(init);
  };

  serve(...keys: readonly object[]): void {
    this.answer = () => Response.json({ keys });
  }
}

export interface TestKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: Record<string, unknown>;
  readonly pem: string;
}

export async function makeKey(kid = KID, algorithm = "ES256"): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid }, pem: await exportSPKI(publicKey) };
}

export function verifierWith(
  bindings: Record<string, unknown> = {},
  clock = new TestClock(),
  network = new TestFetch(),
): TokenVerifier {
  const settings = parseSettings({ APP_SECRET, ...bindings });
  return createTokenVerifier({ settings, now: clock.now, fetch: network.fetch });
}

/** A token of the fixed ids, valid at `START`. */
export function tokenOf(options: Partial<SignTokenOptions> = {}): Promise<string> {
  return signToken({
    ...(options.key === undefined && { appSecret: APP_SECRET }),
    workspaceId: WORKSPACE_ID,
    userId: USER_ID,
    userWorkspaceId: USER_WORKSPACE_ID,
    now: START,
    ...options,
  });
}

export const ACCESS_CLAIMS = {
  type: "ACCESS",
  sub: USER_ID,
  userId: USER_ID,
  userWorkspaceId: USER_WORKSPACE_ID,
  workspaceId: WORKSPACE_ID,
  iat: START / 1000,
  exp: START / 1000 + 1800,
} as const;

/** Signs an ACCESS token under a header of one's own. */
export async function tokenWithHeader(
  header: JWTHeaderParameters,
  key?: CryptoKey | Uint8Array,
  claims: Record<string, unknown> = ACCESS_CLAIMS,
): Promise<string> {
  const secret = key ?? (await twentySecret(APP_SECRET, WORKSPACE_ID, "ACCESS"));
  return new SignJWT(claims).setProtectedHeader(header).sign(secret, { crit: { b64: true, "x-ours": true } });
}

/** Expects a GatewayError, checks that its message is fit to be shown, and returns it. */
export async function refusalOf(promise: Promise<unknown>, code: ErrorCode = "UNAUTHENTICATED"): Promise<string> {
  const error = await promise.then(
    () => "nothing was thrown",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(GatewayError);
  if (!(error instanceof GatewayError)) return "";
  expect(error.code).toBe(code);
  expect(new TextEncoder().encode(error.message).length).toBeLessThanOrEqual(123);
  return error.message;
}
