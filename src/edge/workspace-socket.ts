import { readUpgradeAnswer, type UpgradeRequest, writeUpgrade } from "../../durable-objects/upgrade-request.ts";
import { type GatewayError, messageOf } from "../core/errors.ts";
import { CLOSE, type CloseEvent, closeWith } from "../core/protocol/close-events.ts";
import type { Subprotocol } from "../core/protocol/subprotocols.ts";
import { type Edge, workspaceOf } from "./edge.ts";

/** The close that tells a client what became of its token. */
export function closeOfRefusedToken(error: GatewayError): CloseEvent {
  return closeWith(error.code === "KEYS_UNAVAILABLE" ? CLOSE.OVERLOADED : CLOSE.FORBIDDEN, error.message);
}

/**
 * Opens a socket to the object of the caller's workspace.
 * @returns the socket, not accepted yet, or the close that its client is to see
 */
export async function openWorkspaceSocket(
  edge: Edge,
  upgrade: UpgradeRequest & { readonly subprotocol: Subprotocol },
): Promise<WebSocket | CloseEvent> {
  const { workspaceId } = upgrade.principal;
  try {
    return await readUpgradeAnswer(await workspaceOf(edge.env, workspaceId).fetch(writeUpgrade(upgrade)));
  } catch (thrown) {
    console.warn({ message: "A workspace did not take a socket", workspaceId, error: messageOf(thrown) });
    return CLOSE.OVERLOADED;
  }
}
