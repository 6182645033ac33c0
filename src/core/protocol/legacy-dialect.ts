import { isJsonObject } from "../json.ts";
import type { Limits } from "../limits.ts";
import { CLOSE, type CloseEvent } from "./close-events.ts";
import { invalid, parseFrame } from "./codec.ts";
import type { FormattedError } from "./messages.ts";

/** The subprotocol of subscriptions-transport-ws. It is an older protocol than its name, which graphql-ws took later. */
export const LEGACY_SUBPROTOCOL = "graphql-ws";

/** What keeps a connection of the old dialect alive. */
export const LEGACY_KEEP_ALIVE = '{"type":"ka"}';

/**
 * What a frame of an old client means in graphql-transport-ws: any number of frames, or a close.
 * @throws ProtocolViolation for anything that is no message of an old client
 */
export function fromLegacy(frame: string | ArrayBuffer, limits: Limits): readonly string[] | CloseEvent {
  const { type, id, payload } = parseFrame(frame, limits.MAX_FRAME_BYTES, limits).message;
  switch (type) {
    case "connection_init":
      return [JSON.stringify({ type, payload })];
    case "start": {
      // An id that is in use is started anew there; a complete of an unknown id does nothing. Resuming is not part of it.
      const { extensions: _, ...request } = isJsonObject(payload) ? payload : {};
      return [JSON.stringify({ type: "complete", id }), JSON.stringify({ type: "subscribe", id, payload: request })];
    }
    case "stop":
      return [JSON.stringify({ type: "complete", id })];
    case "connection_terminate":
      return CLOSE.NORMAL;
    default:
      throw invalid("type must be one that a client sends");
  }
}

/** What a frame of graphql-transport-ws is to an old client. */
export function toLegacy(frame: string): readonly string[] {
  // The quotes of an id are escaped in it, so the first place that looks like the type is the type.
  const at = frame.indexOf(NEXT_TYPE);
  if (at !== -1) return [`${frame.slice(0, at)}${DATA_TYPE}${frame.slice(at + NEXT_TYPE.length)}`];
  const { type, id, payload } = JSON.parse(frame) as { type: string; id?: string; payload?: unknown };
  switch (type) {
    case "connection_ack":
      return [frame, LEGACY_KEEP_ALIVE];
    case "error":
      return [JSON.stringify({ type, id, payload: legacyError(payload as readonly FormattedError[]) })];
    case "complete":
      return [frame];
    default:
      // Pings and pongs are between the edge and the object.
      return [];
  }
}

/** What the edge answers to a frame of the object by itself: old clients know no pings. */
export function legacyReply(frame: string): string | undefined {
  return frame.startsWith('{"type":"ping"') ? '{"type":"pong"}' : undefined;
}

/** How an old client is told that it is not let in. */
export function legacyRefusal(event: CloseEvent): { readonly frame: string; readonly close: CloseEvent } {
  const { reason } = event;
  const close = event.code === CLOSE.FORBIDDEN.code ? { code: 1011, reason } : event;
  return { frame: JSON.stringify({ type: "connection_error", payload: { message: reason } }), close };
}

const NEXT_TYPE = ',"type":"next",';
const DATA_TYPE = ',"type":"data",';

/** One error with a message is what old clients read first; some look for all of them. */
function legacyError(errors: readonly FormattedError[]): object {
  return { ...errors[0], errors };
}
