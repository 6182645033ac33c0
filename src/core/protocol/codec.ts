import { isJsonTooDeep } from "../json.ts";
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
  if (typeof frame !== "string") throw invalid("binary frames are not part of the protocol");
  if (isLargerThan(frame, maxBytes)) throw invalid(`a frame may have ${maxBytes} bytes here`);
  if (isJsonTooDeep(frame, limits.MAX_JSON_DEPTH)) throw invalid(`JSON may nest ${limits.MAX_JSON_DEPTH} levels`);
  const message = parseObject(frame);
  switch (message["type"]) {
    case "connection_init":
    case "pong":
      return { type: message["type"], ...optionalPayload(message) };
    case "ping":
      if (message["payload"] != null && isLargerThan(frame, limits.MAX_PING_PAYLOAD_BYTES + PING_ENVELOPE_BYTES)) {
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

function parseObject(frame: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    throw invalid("expected JSON");
  }
  if (!isObject(value)) throw invalid("expected a JSON object");
  return value;
}

function optionalPayload(message: Record<string, unknown>): { payload?: Record<string, unknown> } {
  const { payload } = message;
  if (payload == null) return {};
  if (!isObject(payload)) throw invalid("payload must be an object");
  return { payload };
}

function requireId(message: Record<string, unknown>, limits: Limits): string {
  const { id } = message;
  if (typeof id !== "string" || id === "") throw invalid("id must be a string that is not empty");
  if (id.length > limits.MAX_OPERATION_ID_LENGTH) {
    throw invalid(`id may have ${limits.MAX_OPERATION_ID_LENGTH} characters`);
  }
  return id;
}

function requireSubscribePayload(payload: unknown): SubscribePayload {
  if (!isObject(payload)) throw invalid("payload must be an object");
  const { query, operationName, variables, extensions } = payload;
  if (typeof query !== "string") throw invalid("payload.query must be a string");
  if (operationName != null && typeof operationName !== "string")
    throw invalid("payload.operationName must be a string");
  if (variables != null && !isObject(variables)) throw invalid("payload.variables must be an object");
  if (extensions != null && !isObject(extensions)) throw invalid("payload.extensions must be an object");
  return {
    query,
    ...(operationName != null && { operationName }),
    ...(variables != null && { variables }),
    ...(extensions != null && { extensions }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(detail: string): ProtocolViolation {
  return new ProtocolViolation(closeWith(CLOSE.BAD_MESSAGE, `${CLOSE.BAD_MESSAGE.reason}: ${detail}`));
}
