import { parseBearer } from "../auth/bearer.ts";
import { isOneOf } from "../auth/secrets.ts";
import { GatewayError } from "../core/errors.ts";

/**
 * Lets a server in that presents one of the secrets of a setting.
 * @returns the secret
 * @throws GatewayError UNAUTHENTICATED without any secret, FORBIDDEN with a wrong one
 */
export function requireSecret({ headers }: Request, secrets: readonly string[], setting: string): string {
  const authorization = headers.get("Authorization");
  if (authorization === null) {
    throw new GatewayError("UNAUTHENTICATED", `Authorization: Bearer <one of ${setting}> is required.`);
  }
  const secret = parseBearer(authorization);
  if (secret === undefined || !isOneOf(secrets, secret)) {
    throw new GatewayError("FORBIDDEN", `The bearer is none of ${setting}.`);
  }
  return secret;
}
