import {
  type Attachment,
  packAttachment,
  type SocketState,
  unpackAttachment,
} from "../../../durable-objects/attachment.ts";

/** What a socket has written down for the next wake. */
export function storedState(socket: WebSocket): SocketState | undefined {
  return unpackAttachment(socket.deserializeAttachment())?.state;
}

/** Changes it. Whether the socket may sleep stays as it was, unless that is given. */
export function changeStoredState(
  socket: WebSocket,
  change: (state: SocketState) => SocketState,
  sleepOf: (sleep: Attachment["sleep"]) => Attachment["sleep"] = (sleep) => sleep,
): void {
  const attachment = socket.deserializeAttachment() as Attachment | null;
  const unpacked = unpackAttachment(attachment);
  if (attachment === null || unpacked === undefined) return;
  const packed = packAttachment(change(unpacked.state), new Set(), sleepOf(attachment.sleep));
  socket.serializeAttachment({ ...packed, spilled: unpacked.spilled });
}

/** Gives every operation of a socket this cursor, so that it reads the log from there. Such a socket does not sleep. */
export function withCursors(state: SocketState, cursorOf: (id: string) => number | undefined): SocketState {
  const { session } = state;
  if (session.state !== "ready") return state;
  const operations = [...session.operations].map(([id, operation]) => {
    const cursor = cursorOf(id);
    return [id, cursor === undefined ? operation : { ...operation, resume: { cursor } }] as const;
  });
  return { ...state, session: { ...session, operations: new Map(operations) } };
}
