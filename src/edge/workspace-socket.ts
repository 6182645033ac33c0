import { readRefusal, type UpgradeRequest, writeUpgrade } from "../../durable-objects/upgrade-request.ts";
import { type GatewayError, messageOf } from "../core/errors.ts";
import { CLOSE, type CloseEvent, closeWith } from "../core/protocol/close-events.ts";
import type { Subprotocol } from "../core/protocol/subprotocols.ts";
import { acceptAndClose } from "./accept-and-close.ts";
import { type Edge, workspaceOf } from "./edge.ts";

/** The close that tells a client what became of its token. */
export function closeOfRefusedToken(error: GatewayError): CloseEvent {
  return closeWith(error.code === "KEYS_UNAVAILABLE" ? CLOSE.OVERLOADED : CLOSE.FORBIDDEN, error.message);
}

type WorkspaceUpgrade = UpgradeRequest & { readonly subprotocol: Subprotocol };

/** Hands an upgrade through to the object of the caller's workspace, whose answer is the client's. */
export async function handThrough(edge: Edge, upgrade: WorkspaceUpgrade): Promise<Response> {
  const answer = await askWorkspace(edge, upgrade, async (response) =>
    response.webSocket === null ? readRefusal(response) : response,
  );
  return answer instanceof Response ? answer : acceptAndClose(answer, upgrade.subprotocol);
}

/**
 * Opens a socket to the object of the caller's workspace.
 * @returns the socket, not accepted yet, or the close that its client is to see
 */
export async function openWorkspaceSocket(edge: Edge, upgrade: WorkspaceUpgrade): Promise<WebSocket | CloseEvent> {
  return askWorkspace(edge, upgrade, async (response) => response.webSocket ?? readRefusal(response));
}

async function askWorkspace<Answer>(
  edge: Edge,
  upgrade: WorkspaceUpgrade,
  read: (response: Response) => Promise<Answer>,
): Promise<Answer | CloseEvent> {
  const { workspaceId } = upgrade.principal;
  try {
    return await read(await workspaceOf(edge.env, workspaceId).fetch(writeUpgrade(upgrade)));
  } catch (thrown) {
    console.warn({ message: "A workspace did not take a socket", workspaceId, error: messageOf(thrown) });
    return CLOSE.OVERLOADED;
  }
}
