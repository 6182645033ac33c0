import type { PingMessage } from "./messages.ts";

/**
 * Positions and gaps are told by `ping`: that reaches every client inside the protocol, and a client that knows nothing
 * of them answers with a `pong` and is not disturbed.
 */
export function positionPing(id: string, position: string): PingMessage {
  return { type: "ping", payload: { position: { id, position } } };
}

/** What lay between the position that the client had and this one is lost to it. */
export function gapPing(id: string, position: string): PingMessage {
  return { type: "ping", payload: { gap: { id, position } } };
}
