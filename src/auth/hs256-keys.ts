import { BoundedCache } from "../core/bounded-cache.ts";
import { twentySecret } from "./twenty-secret.ts";

/** The keys of HS256 tokens. */
export interface Hs256Keys {
  /**
   * @param workspaceId exactly as the claim is written
   * @param type what the token was signed as
   */
  find(workspaceId: string, type: string): Promise<CryptoKey>;
}

/** Workspaces are named by whoever sends a token, so there is an end to those that are remembered. */
const MAX_KEYS = 1_000;
const MAX_BYTES = 1_000_000;
const BYTES_PER_KEY = 500;

/** Keeps what it derived and imported: one per isolate. */
export function createHs256Keys(appSecret: string): Hs256Keys {
  const keys = new BoundedCache<CryptoKey>(MAX_KEYS, MAX_BYTES);

  return {
    async find(workspaceId, type) {
      const name = `${type} ${workspaceId}`;
      const known = keys.get(name);
      if (known !== undefined) return known;
      const key = await importSecret(await twentySecret(appSecret, workspaceId, type));
      keys.set(name, key, BYTES_PER_KEY);
      return key;
    },
  };
}

function importSecret(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}
