import { GatewayError } from "../core/errors.ts";

/** A credential that is not taken. The message names the check that failed, and fits the reason of a close (123 bytes). */
export function refusal(message: string): GatewayError {
  return new GatewayError("UNAUTHENTICATED", message);
}
