/** Sends on a socket that may be gone; its close tells so. */
export function sendQuietly(socket: WebSocket, frame: string | ArrayBuffer): void {
  try {
    socket.send(frame);
  } catch {
    // The close of that side is on its way.
  }
}
