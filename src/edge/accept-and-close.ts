import { switchProtocols } from "../../durable-objects/upgrade-request.ts";
import type { CloseEvent } from "../core/protocol/close-events.ts";

/** Accepts an upgrade only to close it: a browser sees the code and reason of a close, but not the status of a refusal. */
export function acceptAndClose({ code, reason }: CloseEvent, subprotocol: string | undefined): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(code, reason);
  return switchProtocols(client, subprotocol);
}
