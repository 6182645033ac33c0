import { parseBearer } from "./bearer.ts";

/**
 * Whether the request's `Authorization: Bearer` holds one of the secrets. Every secret is compared, hashed and to the
 * last byte, so that the time tells neither which one was nearly right nor how much of it. An empty list, or an empty
 * secret, is nobody.
 */
export async function bearerMatches(request: Request, secrets: readonly string[]): Promise<boolean> {
  const presented = parseBearer(request.headers.get("authorization"));
  if (presented === undefined) return false;
  const presentedHash = await sha256(presented);
  let matches = false;
  for (const hash of await hashesOf(secrets)) matches = equalBytes(presentedHash, hash) || matches;
  return matches;
}

/** Those of a list, made once for as long as it is the same object, as those of the settings are. */
async function hashesOf(secrets: readonly string[]): Promise<readonly Uint8Array[]> {
  let hashes = hashesByList.get(secrets);
  if (hashes === undefined) {
    // An empty secret is nobody.
    hashes = await Promise.all(secrets.filter((secret) => secret !== "").map(sha256));
    // Not the promise: one that another request made must not be awaited.
    hashesByList.set(secrets, hashes);
  }
  return hashes;
}

const hashesByList = new WeakMap<readonly string[], readonly Uint8Array[]>();

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Compares two arrays of one length without leaving early. */
function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? ~byte);
  return difference === 0;
}
