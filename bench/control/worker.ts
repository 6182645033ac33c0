/**
 * The control: what the platform alone charges for a fan-out. An edge that hands upgrades and triggers to one bare
 * Durable Object with hibernating sockets, which sends the bytes it is given to every socket and does nothing else. It
 * answers as much of graphql-transport-ws as lets the same load client open its sockets.
 */
import type {
  DurableObjectNamespace,
  DurableObjectState,
  Request,
  WebSocket,
  Response as WorkersResponse,
  WebSocketPair as WorkersWebSocketPair,
} from "@cloudflare/workers-types";

// Workers code in a project that is type-checked with Node's globals.
declare const WebSocketPair: typeof WorkersWebSocketPair;
declare const Response: typeof WorkersResponse;

interface ControlEnv {
  readonly FANOUT: DurableObjectNamespace;
}

export default {
  fetch(request: Request, env: ControlEnv): Promise<WorkersResponse> {
    return env.FANOUT.getByName("control").fetch(request);
  },
};

export class BareFanout {
  readonly #ctx: DurableObjectState;
  /** Kept rather than asked for at every event: `getWebSockets()` would make the control look slower than it is. */
  readonly #sockets: Set<WebSocket>;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    this.#sockets = new Set(ctx.getWebSockets());
  }

  async fetch(request: Request): Promise<WorkersResponse> {
    if (request.headers.get("Upgrade") === "websocket") return this.#accept();
    const frame = await request.text();
    for (const socket of this.#sockets) socket.send(frame);
    return new Response("sent");
  }

  webSocketMessage(socket: WebSocket, frame: string): void {
    if (frame.startsWith('{"type":"connection_init"')) socket.send('{"type":"connection_ack"}');
    else if (frame.startsWith('{"type":"ping"')) socket.send(frame.replace("ping", "pong"));
  }

  webSocketClose(socket: WebSocket): void {
    this.#sockets.delete(socket);
    socket.close(1000);
  }

  #accept(): WorkersResponse {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    this.#sockets.add(server);
    const headers = { "Sec-WebSocket-Protocol": "graphql-transport-ws" };
    return new Response(null, { status: 101, webSocket: client, headers });
  }
}
