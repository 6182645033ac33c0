import { channelSecretsFor, secretTag } from "../auth/channel-secrets.ts";
import { GatewayError } from "../core/errors.ts";
import { serverPrincipal } from "../core/principal.ts";
import { CLOSE } from "../core/protocol/close-events.ts";
import { LEGACY_SUBPROTOCOL } from "../core/protocol/legacy-dialect.ts";
import { parseUuid } from "../core/uuid.ts";
import { acceptAndClose } from "./accept-and-close.ts";
import type { Edge } from "./edge.ts";
import { isUpgrade } from "./is-upgrade.ts";
import { requireSecret } from "./require-secret.ts";
import { negotiateSubprotocol } from "./subprotocols.ts";
import { handThrough } from "./workspace-socket.ts";

/**
 * The door for servers: hands an upgrade with one of CHANNEL_SECRETS to the object of the workspace in the path. It is the
 * only door where the workspace is not in the credential, so the credential is looked at first.
 * @throws GatewayError UNAUTHENTICATED or FORBIDDEN for the secret, BAD_REQUEST for what is no upgrade or no workspace
 */
export async function openChannels(request: Request, idInPath: string, edge: Edge): Promise<Response> {
  const workspaceId = parseUuid(idInPath);
  const secrets = channelSecretsFor(edge.settings, workspaceId);
  const secret = requireSecret(request, secrets, "CHANNEL_SECRETS for this workspace");
  if (workspaceId === undefined) throw new GatewayError("BAD_REQUEST", "The workspace id must be a UUID.");
  if (!isUpgrade(request)) {
    throw new GatewayError("BAD_REQUEST", "Channels are read over WebSocket: an Upgrade is required.");
  }
  const negotiated = negotiateSubprotocol(request.headers.get("Sec-WebSocket-Protocol"));
  const { subprotocol } = negotiated;
  if (subprotocol === undefined) return acceptAndClose(CLOSE.SUBPROTOCOL_NOT_ACCEPTABLE, negotiated.echo);
  if (subprotocol === LEGACY_SUBPROTOCOL) return acceptAndClose(CLOSE.SUBPROTOCOL_NOT_ACCEPTABLE, subprotocol);
  const principal = serverPrincipal(workspaceId, await secretTag(secret), Date.now());
  return handThrough(edge, { principal, subprotocol });
}
