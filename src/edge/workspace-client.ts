import { closeQuietly } from "../../durable-objects/connections.ts";
import { GatewayError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
import type { Principal } from "../core/principal.ts";
import { CLOSE, type CloseEvent } from "../core/protocol/close-events.ts";
import type { FormattedError, SubscribeMessage, SubscribePayload } from "../core/protocol/messages.ts";
import { readNextFrame } from "../core/protocol/next-frame.ts";
import { backpressurePong } from "../core/protocol/step.ts";
import { isLargerThan } from "../core/text-size.ts";
import { assertShallow } from "./assert-shallow.ts";
import type { Edge } from "./edge.ts";
import { sendQuietly } from "./send-quietly.ts";
import { openWorkspaceSocket } from "./workspace-socket.ts";

/** What a workspace's object says about operations. */
export interface OperationSink {
  /** @param payload JSON text */
  readonly next: (payload: string, id: string) => void;
  readonly errors: (errors: readonly FormattedError[], id: string) => void;
  readonly complete: (id: string) => void;
  /** The operation is live at a position, or goes on there after a gap. */
  readonly position: (position: string, isGap: boolean, id: string) => void;
  /** The socket to the object is gone, and its operations with it. */
  readonly closed: () => void;
}

/** A socket to the object for a client that has none of its own. */
export interface WorkspaceOperation {
  readonly setBackpressure: (isOn: boolean) => void;
  readonly stop: () => void;
}

/** The only operation of its socket. */
const OPERATION_ID = "1";

/**
 * Runs one operation in the workspace of a caller. Resolves once the object has let the caller in.
 * @throws GatewayError as `connectToWorkspace`, TOO_LARGE or BAD_MESSAGE when the object would not read it
 */
export async function runInWorkspace(
  edge: Edge,
  principal: Principal,
  payload: SubscribePayload,
  sink: OperationSink,
): Promise<WorkspaceOperation> {
  const subscribe = subscribeFrame({ type: "subscribe", id: OPERATION_ID, payload }, edge.settings.limits);
  const { send, ...operation } = await connectToWorkspace(edge, principal, sink);
  send(subscribe);
  return operation;
}

/**
 * The frame of a `subscribe`, which the object would close a socket for that is larger or deeper.
 * @throws GatewayError TOO_LARGE or BAD_MESSAGE
 */
export function subscribeFrame(message: SubscribeMessage, limits: Limits): string {
  const frame = JSON.stringify(message);
  const { MAX_FRAME_BYTES: max } = limits;
  if (isLargerThan(frame, max)) {
    throw new GatewayError("TOO_LARGE", `An operation may have ${max} bytes here (MAX_FRAME_BYTES).`);
  }
  assertShallow(frame, limits);
  return frame;
}

/**
 * Opens a socket to the object of a caller's workspace. Resolves once the object has let the caller in.
 * @param sseToken what requests name it by that start operations on it
 * @throws GatewayError UNAUTHENTICATED when the caller was revoked, UNAVAILABLE when the object takes no more
 */
export async function connectToWorkspace(
  edge: Edge,
  principal: Principal,
  sink: OperationSink,
  sseToken?: string,
): Promise<WorkspaceOperation & { readonly send: (frame: string) => void }> {
  const edgeKey = crypto.randomUUID();
  const upgrade = { principal, subprotocol: "graphql-transport-ws", edgeKey, sseToken } as const;
  const opened = await openWorkspaceSocket(edge, upgrade);
  if ("code" in opened) throw refusal(opened);
  opened.accept();
  await acknowledged(opened);
  opened.addEventListener("message", ({ data }) => receive(opened, String(data), sink));
  opened.addEventListener("close", sink.closed);
  opened.addEventListener("error", sink.closed);
  return {
    send: (frame) => sendQuietly(opened, frame),
    setBackpressure: (isOn) => sendQuietly(opened, backpressurePong(isOn, edgeKey)),
    stop: () => closeQuietly(opened, CLOSE.NORMAL),
  };
}

function acknowledged(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener("message", () => resolve(), { once: true });
    socket.addEventListener("close", (event) => reject(refusal(event)), { once: true });
    const fail = () => {
      closeQuietly(socket, CLOSE.NORMAL);
      reject(refusal(CLOSE.RESTART));
    };
    socket.addEventListener("error", fail, { once: true });
    sendQuietly(socket, '{"type":"connection_init"}');
  });
}

function refusal({ code, reason }: CloseEvent): GatewayError {
  const isForbidden = code === CLOSE.FORBIDDEN.code;
  const message = reason === "" ? "The workspace closed the socket." : reason;
  return new GatewayError(isForbidden ? "UNAUTHENTICATED" : "UNAVAILABLE", message);
}

interface ServerFrame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

interface Told {
  readonly id: string;
  readonly position: string;
}

function receive(socket: WebSocket, frame: string, sink: OperationSink): void {
  // Passed on as it is.
  const next = readNextFrame(frame);
  if (next !== undefined) return sink.next(next.payload, next.id);
  const { type, id = "", payload } = JSON.parse(frame) as ServerFrame;
  switch (type) {
    case "error":
      return sink.errors(payload as readonly FormattedError[], id);
    case "complete":
      return sink.complete(id);
    case "ping": {
      const { position, gap } = (payload ?? {}) as { position?: Told; gap?: Told };
      if (position !== undefined) sink.position(position.position, false, position.id);
      if (gap !== undefined) sink.position(gap.position, true, gap.id);
      return sendQuietly(socket, '{"type":"pong"}');
    }
  }
}
