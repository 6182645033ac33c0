import { parseBearer } from "../auth/bearer.ts";
import { bearerMatches } from "../auth/secrets.ts";
import { GatewayError } from "../core/errors.ts";

/**
 * Lets a server in that presents one of the secrets of a setting.
 * @returns the secret
 * @throws GatewayError UNAUTHENTICATED without any secret, FORBIDDEN with a wrong one
 */
export async function requireSecret(request: Request, secrets: readonly string[], setting: string): Promise<string> {
  if (!request.headers.has("Authorization")) {
    throw new GatewayError("UNAUTHENTICATED", `Authorization: Bearer <one of ${setting}> is required.`);
  }
  const secret = parseBearer(request.headers.get("Authorization"));
  if (secret === undefined || !(await bearerMatches(request, secrets))) {
    throw new GatewayError("FORBIDDEN", `The bearer is none of ${setting}.`);
  }
  return secret;
}
