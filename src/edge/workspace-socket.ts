import { writeUpgrade } from "../../durable-objects/upgrade-request.ts";
import { type GatewayError, messageOf } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { CLOSE, type CloseEvent, closeWith } from "../core/protocol/close-events.ts";
import type { Subprotocol } from "../core/protocol/subprotocols.ts";
import { type Edge, workspaceOf } from "./edge.ts";

/** The close that tells a client what became of its token. */
export function closeOfRefusedToken(error: GatewayError): CloseEvent {
  return closeWith(error.code === "KEYS_UNAVAILABLE" ? CLOSE.OVERLOADED : CLOSE.FORBIDDEN, error.message);
}

/** Opens a socket to the object of the caller's workspace; undefined when the object cannot take it now. */
export async function openWorkspaceSocket(
  edge: Edge,
  principal: Principal,
  subprotocol: Subprotocol,
): Promise<Response | undefined> {
  try {
    return await workspaceOf(edge.env, principal.workspaceId).fetch(writeUpgrade({ principal, subprotocol }));
  } catch (thrown) {
    console.warn({
      message: "A workspace did not take a socket",
      workspaceId: principal.workspaceId,
      error: messageOf(thrown),
    });
    return undefined;
  }
}
