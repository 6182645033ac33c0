import { isJsonObject, isJsonTooDeep, type JsonObject } from "../json.ts";
import type { Limits } from "../limits.ts";
import { isLargerThan } from "../text-size.ts";
import { CLOSE, type CloseEvent, closeWith } from "./close-events.ts";
import type { ClientMessage, ServerMessage, SubscribePayload } from "./messages.ts";

/** A frame that breaks the protocol, and the close that answers it. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  readonly close: CloseEvent;

  constructor(close: CloseEvent) {
    super(close.reason);
    this.close = close;
  }
}

/**
 * Parses a frame of a client into a typed message.
 * @param maxBytes what a frame may hold in the present state of the session
 * @throws ProtocolViolation for anything that is no message of a client
 */
export function parseClientMessage(frame: string | ArrayBuffer, maxBytes: number, limits: Limits): ClientMessage {
  const { text, message } = parseFrame(frame, maxBytes, limits);
  switch (message["type"]) {
    case "connection_init":
    case "pong":
      return { type: message["type"], ...optionalPayload(message) };
    case "ping":
      if (message["payload"] != null && isLargerThan(text, limits.MAX_PING_PAYLOAD_BYTES + PING_ENVELOPE_BYTES)) {
        throw invalid(`a ping payload may have ${limits.MAX_PING_PAYLOAD_BYTES} bytes`);
      }
      return { type: "ping", ...optionalPayload(message) };
    case "subscribe":
      return {
        type: "subscribe",
        id: requireId(message, limits),
        payload: requireSubscribePayload(message["payload"]),
      };
    case "complete":
      return { type: "complete", id: requireId(message, limits) };
    default:
      throw invalid("type must be one that a client sends");
  }
}

/** The frame of any server message but `next`. */
export function encodeServerMessage(message: ServerMessage): string {
  return JSON.stringify(message);
}

/** `{"type":"ping","payload":}`. */
const PING_ENVELOPE_BYTES = 26;

/**
 * Parses a frame of a client of either dialect.
 * @throws ProtocolViolation for anything that is no JSON object, or larger or deeper than may be
 */
export function parseFrame(
  frame: string | ArrayBuffer,
  maxBytes: number,
  { MAX_JSON_DEPTH: maxDepth }: Pick<Limits, "MAX_JSON_DEPTH">,
): { readonly text: string; readonly message: JsonObject } {
  if (typeof frame !== "string") throw invalid("binary frames are not part of the protocol");
  if (isLargerThan(frame, maxBytes)) throw invalid(`a frame may have ${maxBytes} bytes here`);
  if (isJsonTooDeep(frame, maxDepth)) throw invalid(`JSON may nest ${maxDepth} levels`);
  let message: unknown;
  try {
    message = JSON.parse(frame);
  } catch {
    throw invalid("expected JSON");
  }
  if (!isJsonObject(message)) throw invalid("expected a JSON object");
  return { text: frame, message };
}

function optionalPayload(message: JsonObject): { payload?: JsonObject } {
  const { payload } = message;
  if (payload == null) return {};
  if (!isJsonObject(payload)) throw invalid("payload must be an object");
  return { payload };
}

function requireId(message: JsonObject, limits: Limits): string {
  const { id } = message;
  if (typeof id !== "string" || id === "") throw invalid("id must be a string that is not empty");
  if (id.length > limits.MAX_OPERATION_ID_LENGTH) {
    throw invalid(`id may have ${limits.MAX_OPERATION_ID_LENGTH} characters`);
  }
  return id;
}

function requireSubscribePayload(payload: unknown): SubscribePayload {
  if (!isJsonObject(payload)) throw invalid("payload must be an object");
  return readSubscribePayload(payload, (detail) => invalid(`payload.${detail}`));
}

/**
 * Reads what a client asks for, over a socket or over HTTP.
 * @param invalid makes what is thrown for anything else
 */
export function readSubscribePayload(
  { query, operationName, variables, extensions }: JsonObject,
  invalid: (detail: string) => Error,
): SubscribePayload {
  if (typeof query !== "string") throw invalid("query must be a string");
  if (operationName != null && typeof operationName !== "string") throw invalid("operationName must be a string");
  if (variables != null && !isJsonObject(variables)) throw invalid("variables must be an object");
  if (extensions != null && !isJsonObject(extensions)) throw invalid("extensions must be an object");
  return {
    query,
    ...(operationName != null && { operationName }),
    ...(variables != null && { variables }),
    ...(extensions != null && { extensions }),
  };
}

/** A frame that breaks the protocol in this way. */
export function invalid(detail: string): ProtocolViolation {
  return new ProtocolViolation(closeWith(CLOSE.BAD_MESSAGE, `${CLOSE.BAD_MESSAGE.reason}: ${detail}`));
}
