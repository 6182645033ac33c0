import { bearerMatches } from "../auth/secrets.ts";
import { GatewayError } from "../core/errors.ts";

/**
 * Lets a server in that presents one of the secrets of a setting.
 * @throws GatewayError UNAUTHENTICATED without any secret, FORBIDDEN with a wrong one
 */
export async function requireSecret(request: Request, secrets: readonly string[], setting: string): Promise<void> {
  if (!request.headers.has("Authorization")) {
    throw new GatewayError("UNAUTHENTICATED", `Authorization: Bearer <one of ${setting}> is required.`);
  }
  if (!(await bearerMatches(request, secrets)))
    throw new GatewayError("FORBIDDEN", `The bearer is none of ${setting}.`);
}
