import type { CloseEventLike, MessageEventLike, WebSocketConstructor, WebSocketLike } from "./web-socket.ts";

/** The answer to an upgrade by `fetch`, where the runtime can do that. */
interface UpgradeResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly webSocket?: AcceptableSocket | null;
}

interface AcceptableSocket {
  accept(): void;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: MessageEventLike) => void): void;
  addEventListener(type: "close", listener: (event: CloseEventLike) => void): void;
}

/** A WebSocket over `fetch`, for a runtime whose own cannot send a header. It says of a refused upgrade what `ws` says. */
export function fetchSocket(headers: Readonly<Record<string, string>>, fetchIt: typeof fetch): WebSocketConstructor {
  return class FetchSocket implements WebSocketLike {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readyState = 0;
    protocol = "";
    onopen: ((event: unknown) => void) | null = null;
    onmessage: ((event: MessageEventLike) => void) | null = null;
    onerror: ((event: unknown) => void) | null = null;
    onclose: ((event: CloseEventLike) => void) | null = null;
    #socket: AcceptableSocket | undefined;

    constructor(url: string | URL, protocols: string | string[] = []) {
      void this.#open(String(url).replace(/^ws/, "http"), [protocols].flat().join(", "));
    }

    send(data: string): void {
      this.#socket?.send(data);
    }

    close(code?: number, reason?: string): void {
      if (this.readyState >= FetchSocket.CLOSING) return;
      this.readyState = FetchSocket.CLOSING;
      this.#socket?.close(code, reason);
    }

    async #open(url: string, protocols: string): Promise<void> {
      try {
        const asked = { ...headers, Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols };
        const response = (await fetchIt(url, { headers: asked })) as UpgradeResponse;
        if (response.webSocket == null) throw new Error(`Unexpected server response: ${response.status}`);
        this.#join(response.webSocket, response.headers.get("Sec-WebSocket-Protocol") ?? "");
      } catch (thrown) {
        this.onerror?.(thrown);
        this.#end({ code: 1006, reason: "", wasClean: false });
      }
    }

    #join(socket: AcceptableSocket, protocol: string): void {
      socket.accept();
      if (this.readyState !== FetchSocket.CONNECTING) {
        socket.close(1000);
        return this.#end({ code: 1006, reason: "Closed before it was open", wasClean: false });
      }
      this.#socket = socket;
      this.protocol = protocol;
      socket.addEventListener("message", (event) => this.onmessage?.(event));
      socket.addEventListener("close", (event) => this.#end(event));
      this.readyState = FetchSocket.OPEN;
      this.onopen?.({});
    }

    #end(event: CloseEventLike): void {
      if (this.readyState === FetchSocket.CLOSED) return;
      this.readyState = FetchSocket.CLOSED;
      this.onclose?.(event);
    }
  };
}
