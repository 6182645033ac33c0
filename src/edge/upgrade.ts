import { isAllowedOrigin } from "../auth/origins.ts";
import { authenticateRequest } from "../auth/token-sources.ts";
import { GatewayError } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { CLOSE, closeWith } from "../core/protocol/close-events.ts";
import { LEGACY_SUBPROTOCOL } from "../core/protocol/legacy-dialect.ts";
import { acceptAndClose } from "./accept-and-close.ts";
import { countedAddress } from "./counted-address.ts";
import type { Edge } from "./edge.ts";
import { relaySocket } from "./relay.ts";
import { negotiateSubprotocol } from "./subprotocols.ts";
import { closeOfRefusedToken, handThrough } from "./workspace-socket.ts";

/** GraphQL over WebSocket: hands an upgrade with a token to the workspace's object, and relays one without. */
export async function upgrade(request: Request, edge: Edge): Promise<Response> {
  const negotiated = negotiateSubprotocol(request.headers.get("Sec-WebSocket-Protocol"));
  const { subprotocol } = negotiated;
  if (subprotocol === undefined) return acceptAndClose(CLOSE.SUBPROTOCOL_NOT_ACCEPTABLE, negotiated.echo);

  const origin = request.headers.get("Origin");
  const { allowedOrigins } = edge.settings;
  const hasList = allowedOrigins !== "*" && allowedOrigins.length > 0;
  if (origin !== null && hasList && !isAllowedOrigin(origin, allowedOrigins)) {
    return acceptAndClose(closeWith(CLOSE.FORBIDDEN, "Origin not allowed"), subprotocol);
  }
  let principal: Principal | undefined;
  try {
    principal = await authenticateRequest(request, edge.verifier, edge.settings);
  } catch (thrown) {
    // A browser cannot see the status of an upgrade; it sends an Origin.
    if (origin === null || !(thrown instanceof GatewayError)) throw thrown;
    return acceptAndClose(closeOfRefusedToken(thrown), subprotocol);
  }
  if (principal === undefined || subprotocol === LEGACY_SUBPROTOCOL) {
    return relaySocket({ subprotocol, principal, address: addressOf(request) }, edge);
  }
  return handThrough(edge, { principal, subprotocol });
}

function addressOf(request: Request): string {
  return countedAddress(request.headers.get("CF-Connecting-IP") ?? "unknown");
}
