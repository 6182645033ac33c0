import { closeQuietly } from "../../durable-objects/connections.ts";
import { GatewayError } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { CLOSE, type CloseEvent } from "../core/protocol/close-events.ts";
import type { FormattedError, SubscribePayload } from "../core/protocol/messages.ts";
import { nextFrameHead } from "../core/protocol/next-frame.ts";
import { backpressurePong } from "../core/protocol/step.ts";
import { isLargerThan } from "../core/text-size.ts";
import type { Edge } from "./edge.ts";
import { sendQuietly } from "./send-quietly.ts";
import { openWorkspaceSocket } from "./workspace-socket.ts";

/** What a workspace's object says about one operation. */
export interface OperationSink {
  /** @param payload JSON text */
  readonly next: (payload: string) => void;
  readonly errors: (errors: readonly FormattedError[]) => void;
  readonly complete: () => void;
  /** The operation is live at a position, or goes on there after a gap. */
  readonly position: (position: string, isGap: boolean) => void;
  /** The socket to the object is gone, and the operation with it. */
  readonly closed: () => void;
}

/** One operation over a socket of its own to the object, for clients that have none of their own. */
export interface WorkspaceOperation {
  readonly setBackpressure: (isOn: boolean) => void;
  readonly stop: () => void;
}

/** The only operation of its socket. */
const OPERATION_ID = "1";
const NEXT_HEAD = nextFrameHead(OPERATION_ID);

/**
 * Runs one operation in the workspace of a caller. Resolves once the object has let the caller in.
 * @throws GatewayError UNAUTHENTICATED when the caller was revoked, UNAVAILABLE when the object takes no more, TOO_LARGE
 * when the object would not read it
 */
export async function runInWorkspace(
  edge: Edge,
  principal: Principal,
  payload: SubscribePayload,
  sink: OperationSink,
): Promise<WorkspaceOperation> {
  const subscribe = JSON.stringify({ type: "subscribe", id: OPERATION_ID, payload });
  const { MAX_FRAME_BYTES } = edge.settings.limits;
  if (isLargerThan(subscribe, MAX_FRAME_BYTES)) {
    throw new GatewayError("TOO_LARGE", `An operation may have ${MAX_FRAME_BYTES} bytes here (MAX_FRAME_BYTES).`);
  }
  const edgeKey = crypto.randomUUID();
  const opened = await openWorkspaceSocket(edge, { principal, subprotocol: "graphql-transport-ws", edgeKey });
  if ("code" in opened) throw refusal(opened);
  opened.accept();
  await acknowledged(opened);
  opened.addEventListener("message", ({ data }) => receive(opened, String(data), sink));
  opened.addEventListener("close", sink.closed);
  opened.addEventListener("error", sink.closed);
  sendQuietly(opened, subscribe);
  return {
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
  readonly payload?: unknown;
}

function receive(socket: WebSocket, frame: string, sink: OperationSink): void {
  // A next is passed on as it is: the payload is what stands between its head and the last brace.
  if (frame.startsWith(NEXT_HEAD)) return sink.next(frame.slice(NEXT_HEAD.length, -1));
  const { type, payload } = JSON.parse(frame) as ServerFrame;
  switch (type) {
    case "error":
      return sink.errors(payload as readonly FormattedError[]);
    case "complete":
      return sink.complete();
    case "ping": {
      const told = payload as { position?: { position: string }; gap?: { position: string } } | undefined;
      if (told?.position !== undefined) sink.position(told.position.position, false);
      if (told?.gap !== undefined) sink.position(told.gap.position, true);
      return sendQuietly(socket, '{"type":"pong"}');
    }
  }
}
