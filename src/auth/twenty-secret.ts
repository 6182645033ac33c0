/**
 * The key under which Twenty signs a legacy HS256 token: SHA-256 over the application's secret, the body and the type,
 * written in hex. The key is those 64 characters, not the 32 bytes they stand for.
 * @param body the token's `workspaceId`, exactly as the claim is written
 * @param type the token's `type` (old API keys were signed as `ACCESS`)
 */
export async function twentySecret(appSecret: string, body: string, type: string): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(appSecret + body + type));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return encoder.encode(hex);
}
