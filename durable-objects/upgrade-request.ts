import type { Principal } from "../src/core/principal.ts";
import type { CloseEvent } from "../src/core/protocol/close-events.ts";

const SUBPROTOCOL_HEADER = "Sec-WebSocket-Protocol";
const PRINCIPAL_HEADER = "X-Sluice-Principal";
const EDGE_KEY_HEADER = "X-Sluice-Edge-Key";
const SSE_TOKEN_HEADER = "X-Sluice-Sse-Token";

/** An upgrade as the edge hands it to a workspace's object. */
export interface UpgradeRequest {
  readonly principal: Principal;
  /** The dialect that was agreed on with the client. */
  readonly subprotocol: string;
  /** Of a socket that ends at the edge: tells what the edge says on it from what it passes on for a client. */
  readonly edgeKey?: string | undefined;
  /** Of a socket for Server-Sent Events: requests name it by this that start and end operations on it. */
  readonly sseToken?: string | undefined;
}

/**
 * Builds the request to the object afresh: no header of a client reaches it, so none can pretend to be the edge.
 * The host only fills the place of one.
 */
export function writeUpgrade({ principal, subprotocol, edgeKey, sseToken }: UpgradeRequest): Request {
  return new Request("https://workspace/", {
    headers: {
      Upgrade: "websocket",
      [SUBPROTOCOL_HEADER]: subprotocol,
      [PRINCIPAL_HEADER]: encodeURIComponent(JSON.stringify(principal)),
      ...(edgeKey !== undefined && { [EDGE_KEY_HEADER]: edgeKey }),
      ...(sseToken !== undefined && { [SSE_TOKEN_HEADER]: sseToken }),
    },
  });
}

/** Reads what `writeUpgrade` wrote. Only the edge can reach the object, so the principal is what it verified. */
export function readUpgrade({ headers }: Request): UpgradeRequest {
  const principal = headers.get(PRINCIPAL_HEADER);
  const subprotocol = headers.get(SUBPROTOCOL_HEADER);
  if (principal === null || subprotocol === null)
    throw new TypeError("The object of a workspace takes upgrades of the edge only.");
  return {
    principal: JSON.parse(decodeURIComponent(principal)) as Principal,
    subprotocol,
    edgeKey: headers.get(EDGE_KEY_HEADER) ?? undefined,
    sseToken: headers.get(SSE_TOKEN_HEADER) ?? undefined,
  };
}

/** Answers an upgrade with a socket. */
export function switchProtocols(webSocket: WebSocket, subprotocol: string | undefined): Response {
  const headers: HeadersInit = subprotocol === undefined ? {} : { [SUBPROTOCOL_HEADER]: subprotocol };
  return new Response(null, { status: 101, webSocket, headers });
}

/**
 * Answers an upgrade with the close that its client is to see. It is the edge that accepts and closes: here a peer that
 * never answers the close would keep the object awake.
 */
export function refuseUpgrade({ code, reason }: CloseEvent): Response {
  return Response.json({ code, reason }, { status: 403 });
}

/** Reads what `refuseUpgrade` wrote. */
export async function readRefusal(response: Response): Promise<CloseEvent> {
  return response.json<CloseEvent>();
}
