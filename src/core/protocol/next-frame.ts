/**
 * A `next` frame is a head with the operation's id and a payload that a whole group of equal operations shares: the
 * payload is serialized once per group, never per socket.
 */
export function nextFrameHead(id: string): string {
  // Joined and not added up, so that it is one piece: thousands of them are fetched from memory for an event.
  return ['{"id":', JSON.stringify(id), ',"type":"next","payload":'].join("");
}

/** What comes behind the head, of a payload (JSON text): the same for the whole group. */
export function nextFrameTail(payload: string): string {
  return `${payload}}`;
}

/** The same payload with the position of its event, to be kept by clients that resume. */
export function withPosition(payload: string, position: string): string {
  return `${payload.slice(0, -1)},"extensions":{"position":"${position}"}}`;
}

/** Puts a shared payload (JSON text) behind a head made by `nextFrameHead`. */
export function nextFrame(head: string, payload: string): string {
  return head + nextFrameTail(payload);
}

/** What a `next` frame of the object has, its payload as JSON text; undefined for any other frame. */
export function readNextFrame(frame: string): { readonly id: string; readonly payload: string } | undefined {
  const [head, id] = HEAD.exec(frame) ?? [];
  if (head === undefined || id === undefined) return undefined;
  return { id: JSON.parse(id) as string, payload: frame.slice(head.length, -1) };
}

/** What `nextFrameHead` makes. */
const HEAD = /^\{"id":("(?:[^"\\]|\\.)*"),"type":"next","payload":/;
