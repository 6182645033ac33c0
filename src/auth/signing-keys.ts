import type { CryptoKey } from "jose";
import { type Settings, SettingsError } from "../core/settings.ts";
import { createJwks } from "./jwks.ts";
import { importPublicJwk, importPublicPem } from "./public-key.ts";

/** The public keys of ES256 tokens. */
export interface SigningKeys {
  /**
   * Looks a key up among `SIGNING_KEYS`, then behind `JWKS_URL`.
   * @param kid a UUID in lower case
   * @param issuedAt when the token that names it was issued, in epoch seconds
   * @returns the key, or undefined when there is none of that id
   * @throws GatewayError KEYS_UNAVAILABLE when that could not be found out
   * @throws SettingsError when the key of `SIGNING_KEYS` is no P-256 public key
   */
  find(kid: string, issuedAt: number): Promise<CryptoKey | undefined>;
}

export interface SigningKeysOptions {
  readonly settings: Pick<Settings, "signingKeys" | "jwksUrl">;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
}

/** Keeps what it imported and fetched: one per isolate. */
export function createSigningKeys({ settings, now, fetch }: SigningKeysOptions): SigningKeys {
  const configured = new Map(Object.entries(settings.signingKeys));
  const imported = new Map<string, CryptoKey>();
  const jwks = settings.jwksUrl === undefined ? undefined : createJwks({ url: settings.jwksUrl, now, fetch });

  return {
    async find(kid, issuedAt) {
      const source = configured.get(kid);
      if (source === undefined) return jwks?.find(kid, issuedAt);
      const key = imported.get(kid) ?? (await importConfigured(source));
      imported.set(kid, key);
      return key;
    },
  };
}

async function importConfigured(source: Settings["signingKeys"][string]): Promise<CryptoKey> {
  const key = typeof source === "string" ? await importPublicPem(source) : await importPublicJwk(source);
  if (key === undefined) throw new SettingsError("SIGNING_KEYS", "P-256 public keys (SPKI PEM or JWK)");
  return key;
}
