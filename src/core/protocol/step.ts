import type { ErrorCode } from "../errors.ts";
import { assertNever } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { takeToken } from "../token-bucket.ts";
import { CLOSE, type CloseEvent, closeWith } from "./close-events.ts";
import { encodeServerMessage, ProtocolViolation, parseClientMessage } from "./codec.ts";
import type {
  ClientMessage,
  FormattedError,
  PingMessage,
  PongMessage,
  ServerMessage,
  SubscribeMessage,
  SubscribePayload,
} from "./messages.ts";
import { type ReadySession, type Session, withoutOperation } from "./session.ts";

/** What the holder of a socket must do after a frame, in this order. */
export type Effect =
  | { readonly type: "send"; readonly message: ServerMessage }
  | { readonly type: "close"; readonly event: CloseEvent }
  /** `connection_init` came: acknowledge, or authenticate by its payload first. */
  | { readonly type: "initialise"; readonly payload: Readonly<Record<string, unknown>> }
  | { readonly type: "subscribe"; readonly id: string; readonly payload: SubscribePayload }
  | { readonly type: "unsubscribe"; readonly id: string }
  /** A newer token for the socket. */
  | { readonly type: "refresh"; readonly token: string }
  /** The edge says whether the bytes that wait for this client are too many there. */
  | { readonly type: "backpressure"; readonly isOn: boolean };

export interface Step {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

export interface StepContext {
  /** Epoch ms. */
  readonly now: number;
  readonly limits: Limits;
  /** What the edge shows when it speaks for itself; undefined where nobody but the client speaks. */
  readonly edgeKey?: string | undefined;
}

/**
 * One frame of a client through graphql-transport-ws, without any I/O. Used by the object for its sockets, and by the
 * edge while it waits for a token in `connection_init`.
 */
export function step(session: Session, frame: string | ArrayBuffer, context: StepContext): Step {
  const { limits } = context;
  const maxBytes = session.state === "ready" ? limits.MAX_FRAME_BYTES : limits.MAX_INIT_BYTES;
  try {
    return stepMessage(session, parseClientMessage(frame, maxBytes, limits), context);
  } catch (thrown) {
    if (thrown instanceof ProtocolViolation) return closing(session, thrown.close);
    throw thrown;
  }
}

/** The `error` message of one operation; the socket and its other operations go on. */
export function operationError(id: string, code: ErrorCode, message: string): ServerMessage {
  const error: FormattedError = { message, extensions: { code } };
  return { id, type: "error", payload: [error] };
}

function stepMessage(session: Session, message: ClientMessage, context: StepContext): Step {
  switch (message.type) {
    case "connection_init":
      if (session.state !== "opening") return closing(session, CLOSE.TOO_MANY_INITS);
      return {
        session: { state: "initialising" },
        effects: [{ type: "initialise", payload: message.payload ?? {} }],
      };
    case "ping":
      return stepPing(session, message);
    case "pong":
      return stepPong(session, message, context);
    case "subscribe":
      if (session.state !== "ready") return closing(session, CLOSE.UNAUTHORIZED);
      return stepSubscribe(session, message, context);
    case "complete":
      if (session.state !== "ready") return closing(session, CLOSE.UNAUTHORIZED);
      if (!session.operations.has(message.id)) return { session, effects: [] };
      return {
        session: withoutOperation(session, message.id),
        effects: [{ type: "unsubscribe", id: message.id }],
      };
    default:
      return assertNever(message);
  }
}

function stepPing(session: Session, { payload }: PingMessage): Step {
  if (payload === undefined) return sending(session, { type: "pong" });
  if (session.state !== "ready")
    return closing(
      session,
      closeWith(CLOSE.BAD_MESSAGE, `${CLOSE.BAD_MESSAGE.reason}: a ping before the ack has no payload`),
    );
  if (!Object.hasOwn(payload, "accessToken")) return sending(session, { type: "pong", payload });
  const { accessToken } = payload;
  // A token is never echoed, whatever its shape.
  if (typeof accessToken !== "string") return sending(session, { type: "pong" });
  return { session, effects: [{ type: "refresh", token: accessToken }] };
}

/** The frame by which the edge says whether too much waits there for a client. */
export function backpressurePong(isOn: boolean, key: string): string {
  return encodeServerMessage({ type: "pong", payload: { backpressure: isOn, key } });
}

/** Nobody answers a pong, so the edge can say something in one that no client hears. The key tells it from a client's. */
function stepPong(session: Session, { payload }: PongMessage, { edgeKey }: StepContext): Step {
  const isOfEdge = edgeKey !== undefined && payload?.["key"] === edgeKey;
  const isOn = payload?.["backpressure"];
  if (session.state !== "ready" || !isOfEdge || typeof isOn !== "boolean") return { session, effects: [] };
  return { session, effects: [{ type: "backpressure", isOn }] };
}

/** A client that reconnects starts all its operations at once: that is no flood. */
const SUBSCRIBE_BURST_SECONDS = 4;

function stepSubscribe(session: ReadySession, message: SubscribeMessage, { now, limits }: StepContext): Step {
  const { id, payload } = message;
  if (session.operations.has(id)) {
    return closing(session, closeWith(CLOSE.SUBSCRIBER_EXISTS, `Subscriber for ${id} already exists`));
  }
  const rate = limits.MAX_SUBSCRIBES_PER_SECOND;
  const subscribeRate = takeToken(session.subscribeRate, rate, rate * SUBSCRIBE_BURST_SECONDS, now);
  if (subscribeRate === undefined) {
    return closing(
      session,
      closeWith(CLOSE.OVERLOADED, `More than ${rate} subscribe messages a second (MAX_SUBSCRIBES_PER_SECOND)`),
    );
  }
  const counted: ReadySession = { ...session, subscribeRate };
  if (session.operations.size >= limits.MAX_OPERATIONS_PER_SOCKET) {
    const allowed = `A socket may run ${limits.MAX_OPERATIONS_PER_SOCKET} operations (MAX_OPERATIONS_PER_SOCKET).`;
    return sending(counted, operationError(id, "TOO_MANY_OPERATIONS", allowed));
  }
  return { session: counted, effects: [{ type: "subscribe", id, payload }] };
}

function sending(session: Session, message: ServerMessage): Step {
  return { session, effects: [{ type: "send", message }] };
}

function closing(session: Session, event: CloseEvent): Step {
  return { session, effects: [{ type: "close", event }] };
}
