import { closeQuietly } from "../../durable-objects/connections.ts";
import { GatewayError } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { CLOSE, type CloseEvent } from "../core/protocol/close-events.ts";
import type { FormattedError, SubscribePayload } from "../core/protocol/messages.ts";
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
  const subscribe = JSON.stringify({ type: "subscribe", id: OPERATION_ID, payload });
  const { MAX_FRAME_BYTES } = edge.settings.limits;
  if (isLargerThan(subscribe, MAX_FRAME_BYTES)) {
    throw new GatewayError("TOO_LARGE", `An operation may have ${MAX_FRAME_BYTES} bytes here (MAX_FRAME_BYTES).`);
  }
  assertShallow(subscribe, edge.settings.limits);
  const { send, ...operation } = await connectToWorkspace(edge, principal, sink);
  send(subscribe);
  return operation;
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

/** What `nextFrameHead` writes, and the id in it. */
const NEXT_HEAD = /^\{"id":("(?:[^"\\]|\\.)*"),"type":"next","payload":/;

function receive(socket: WebSocket, frame: string, sink: OperationSink): void {
  // A next is passed on as it is: the payload is what stands between its head and the last brace.
  const [head, nextId] = NEXT_HEAD.exec(frame) ?? [];
  if (head !== undefined && nextId !== undefined) {
    return sink.next(frame.slice(head.length, -1), JSON.parse(nextId) as string);
  }
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
