import { authenticateRequest } from "../auth/token-sources.ts";
import { GatewayError, messageOf } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { type Edge, workspaceOf } from "./edge.ts";

/**
 * Who sends a request that opens no socket to the object, so that the object is asked whether the token was taken back.
 * @throws GatewayError UNAUTHENTICATED, KEYS_UNAVAILABLE, UNAVAILABLE
 */
export async function requireCaller(request: Request, edge: Edge): Promise<Principal> {
  const principal = await authenticateRequest(request, edge.verifier, edge.settings);
  if (principal === undefined) throw new GatewayError("UNAUTHENTICATED", "The request holds no access token.");
  if (await isAdmitted(principal, edge)) return principal;
  throw new GatewayError("UNAUTHENTICATED", "The token was revoked.");
}

async function isAdmitted(principal: Principal, edge: Edge): Promise<boolean> {
  try {
    return await workspaceOf(edge.env, principal.workspaceId).admits(principal);
  } catch (thrown) {
    console.warn({ message: "A workspace could not be asked about a token", error: messageOf(thrown) });
    throw new GatewayError("UNAVAILABLE", "The workspace does not answer; the request may be repeated.");
  }
}
