/**
 * The control: what the platform alone charges for a fan-out. An edge that hands upgrades and triggers to one bare
 * Durable Object with hibernating sockets, which sends the bytes it is given and does nothing else. It answers as much
 * of graphql-transport-ws as lets the same load client open its sockets.
 *
 * `/` hands a socket through to the object, `/verified` does so when its token holds, `/relayed` passes its frames on at
 * the edge. `POST /` sends the body to every socket; `POST /matching` has lines `<id> <frame>`, and sends each to the
 * socket that watches the record, or has the event stream, of that id.
 */
import type {
  DurableObjectNamespace,
  DurableObjectState,
  Request,
  WebSocket,
  Response as WorkersResponse,
  WebSocketPair as WorkersWebSocketPair,
  WebSocketRequestResponsePair as WorkersWebSocketRequestResponsePair,
} from "@cloudflare/workers-types";
import { hasValidToken } from "./verify.js";

export { BareWake } from "./bare-wake.js";

// Workers code in a project that is type-checked with Node's globals.
declare const WebSocketPair: typeof WorkersWebSocketPair;
declare const WebSocketRequestResponsePair: typeof WorkersWebSocketRequestResponsePair;
declare const Response: typeof WorkersResponse;

interface ControlEnv {
  readonly FANOUT: DurableObjectNamespace;
  readonly APP_SECRET: string;
}

const SUBPROTOCOL = { "Sec-WebSocket-Protocol": "graphql-transport-ws" };
const ID_LENGTH = 36;

export default {
  async fetch(request: Request, env: ControlEnv): Promise<WorkersResponse> {
    if (request.url.endsWith("/verified") && !(await hasValidToken(request, env.APP_SECRET))) {
      return new Response("The token does not hold.", { status: 401 });
    }
    const object = env.FANOUT.getByName("control");
    return request.url.endsWith("/relayed") ? relay(object.fetch(request)) : object.fetch(request);
  },
};

async function relay(upgraded: Promise<WorkersResponse>): Promise<WorkersResponse> {
  const { webSocket: inner } = await upgraded;
  if (inner === null) return new Response("No socket.", { status: 500 });
  const { 0: client, 1: outer } = new WebSocketPair();
  outer.accept();
  inner.accept();
  outer.addEventListener("message", ({ data }) => inner.send(data));
  inner.addEventListener("message", ({ data }) => outer.send(data));
  outer.addEventListener("close", () => inner.close(1000));
  return new Response(null, { status: 101, webSocket: client, headers: SUBPROTOCOL });
}

export class BareFanout {
  readonly #ctx: DurableObjectState;
  /** Kept rather than asked for at every event: `getWebSockets()` would make the control look slower than it is. */
  readonly #sockets: Set<WebSocket>;
  readonly #watchers = new Map<string, WebSocket>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    this.#sockets = new Set(ctx.getWebSockets());
    for (const socket of this.#sockets) this.#watch(socket, socket.deserializeAttachment());
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'));
  }

  async fetch(request: Request): Promise<WorkersResponse> {
    if (request.headers.get("Upgrade") === "websocket") return this.#accept();
    const body = await request.text();
    if (request.url.endsWith("/matching")) this.#sendMatching(body);
    else for (const socket of this.#sockets) socket.send(body);
    return new Response("sent");
  }

  webSocketMessage(socket: WebSocket, frame: string): void {
    if (frame.startsWith('{"type":"connection_init"')) socket.send('{"type":"connection_ack"}');
    else if (frame.startsWith('{"type":"ping"')) socket.send(frame.replace("ping", "pong"));
    else this.#subscribe(socket, frame);
  }

  webSocketClose(socket: WebSocket): void {
    this.#sockets.delete(socket);
    socket.close(1000);
  }

  #accept(): WorkersResponse {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    this.#sockets.add(server);
    return new Response(null, { status: 101, webSocket: client, headers: SUBPROTOCOL });
  }

  #subscribe(socket: WebSocket, frame: string): void {
    const [, watched = null] = /"(?:recordId|eventStreamId)":"([^"]*)"/.exec(frame) ?? [];
    socket.serializeAttachment(watched);
    this.#watch(socket, watched);
  }

  #watch(socket: WebSocket, watched: string | null): void {
    if (watched !== null) this.#watchers.set(watched, socket);
  }

  #sendMatching(lines: string): void {
    for (const line of lines.split("\n")) {
      this.#watchers.get(line.slice(0, ID_LENGTH))?.send(line.slice(ID_LENGTH + 1));
    }
  }
}
