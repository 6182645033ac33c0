import { sha256 } from "../core/sha256.ts";

/**
 * The key under which Twenty signs a legacy HS256 token: SHA-256 over the application's secret, the body and the type,
 * written in hex. The key is those 64 characters, not the 32 bytes they stand for.
 * @param body the token's `workspaceId`, exactly as the claim is written
 * @param type the token's `type` (old API keys were signed as `ACCESS`)
 */
export async function twentySecret(appSecret: string, body: string, type: string): Promise<Uint8Array<ArrayBuffer>> {
  return new TextEncoder().encode(await sha256(appSecret + body + type));
}
