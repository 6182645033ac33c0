import { authenticateRequest } from "../auth/token-sources.ts";
import { GatewayError } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { askWorkspace } from "./ask-workspace.ts";
import type { Edge } from "./edge.ts";

/**
 * Who a request says that it is from: for one that opens a socket to the object, which looks whether the token was taken back.
 * @throws GatewayError UNAUTHENTICATED, KEYS_UNAVAILABLE
 */
export async function requireToken(request: Request, edge: Edge): Promise<Principal> {
  const principal = await authenticateRequest(request, edge.verifier, edge.settings);
  if (principal !== undefined) return principal;
  throw new GatewayError("UNAUTHENTICATED", "The request holds no access token: send Authorization: Bearer <token>.");
}

/**
 * Who sends a request that opens no socket to the object, so that the object is asked whether the token was taken back.
 * @throws GatewayError UNAUTHENTICATED, KEYS_UNAVAILABLE, UNAVAILABLE
 */
export async function requireCaller(request: Request, edge: Edge): Promise<Principal> {
  const principal = await requireToken(request, edge);
  if (await askWorkspace(edge, principal.workspaceId, (workspace) => workspace.admits(principal))) return principal;
  throw new GatewayError("UNAUTHENTICATED", "The token was revoked.");
}
