import type { CloseEventLike, MessageEventLike, WebSocketLike } from "../../../client/web-socket.ts";

/** A WebSocket whose other side is the test: it opens, speaks and closes when it is told to. */
export class FakeWebSocket implements WebSocketLike {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  readyState = FakeWebSocket.CONNECTING;
  protocol = "";
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: MessageEventLike) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  onclose: ((event: CloseEventLike) => void) | null = null;

  readonly url: string;
  readonly offered: readonly string[];
  readonly sent: Record<string, unknown>[] = [];
  closedWith: { code: number | undefined; reason: string | undefined } | undefined;

  constructor(url: string | URL, protocols: string | string[] = []) {
    this.url = String(url);
    this.offered = typeof protocols === "string" ? [protocols] : protocols;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }

  close(code?: number, reason?: string): void {
    this.closedWith ??= { code, reason };
    if (this.readyState < FakeWebSocket.CLOSING) this.readyState = FakeWebSocket.CLOSING;
  }

  /** The server takes the upgrade. */
  accept(protocol = "graphql-transport-ws.batch"): this {
    this.protocol = protocol;
    this.readyState = FakeWebSocket.OPEN;
    this.onopen?.({ type: "open" });
    return this;
  }

  /** A frame of the server. */
  receive(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  /** The connection is over. */
  end(code = 1006, reason = ""): void {
    this.readyState = FakeWebSocket.CLOSED;
    this.onclose?.({ code, reason, wasClean: code !== 1006 });
  }

  /** The upgrade fails: an error, then a close, as in every environment. */
  refuse(message = ""): void {
    this.onerror?.({ type: "error", message });
    this.end();
  }
}

/** A WebSocket class, and the sockets made from it so far. */
export function fakeWebSockets() {
  const sockets: FakeWebSocket[] = [];
  class Recorded extends FakeWebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  return { webSocketImpl: Recorded, sockets };
}
