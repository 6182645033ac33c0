/**
 * A `next` frame is a head with the operation's id and a payload that a whole group of equal operations shares: the
 * payload is serialized once per group, never per socket.
 */
export function nextFrameHead(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"next","payload":`;
}

/** Puts a shared payload (JSON text) behind a head made by `nextFrameHead`. */
export function nextFrame(head: string, payload: string): string {
  return `${head}${payload}}`;
}
