import type {
  DurableObjectState,
  Request,
  WebSocket,
  Response as WorkersResponse,
  WebSocketPair as WorkersWebSocketPair,
} from "@cloudflare/workers-types";

// Workers code in a project that is type-checked with Node's globals.
declare const WebSocketPair: typeof WorkersWebSocketPair;
declare const Response: typeof WorkersResponse;

interface BareWakeEnv {
  /** JSON of what an attachment has besides the record that its socket watches. */
  readonly ATTACHMENT: string;
}

interface Attachment {
  readonly recordId: string;
}

const SUBPROTOCOL = { "Sec-WebSocket-Protocol": "graphql-transport-ws" };
const RECORD_ID_LENGTH = 36;

/**
 * The control of a wake: what an object must do at least that was evicted and has hibernating sockets, each with an
 * attachment. Its constructor asks for all sockets, reads all attachments, and notes who watches what.
 */
export class BareWake {
  readonly #ctx: DurableObjectState;
  readonly #watchers = new Map<string, WebSocket>();
  readonly #rest: object;

  constructor(ctx: DurableObjectState, { ATTACHMENT }: BareWakeEnv) {
    this.#ctx = ctx;
    this.#rest = JSON.parse(ATTACHMENT) as object;
    for (const socket of ctx.getWebSockets()) {
      const { recordId } = socket.deserializeAttachment() as Attachment;
      this.#watchers.set(recordId, socket);
    }
  }

  /** `POST /matching` is that of `worker.ts`. */
  async fetch(request: Request): Promise<WorkersResponse> {
    if (request.headers.get("Upgrade") === "websocket") return this.#accept();
    for (const line of (await request.text()).split("\n")) {
      this.#watchers.get(line.slice(0, RECORD_ID_LENGTH))?.send(line.slice(RECORD_ID_LENGTH + 1));
    }
    return new Response("sent");
  }

  webSocketMessage(socket: WebSocket, frame: string): void {
    if (frame.startsWith('{"type":"connection_init"')) socket.send('{"type":"connection_ack"}');
    else if (frame.startsWith('{"type":"ping"')) socket.send(frame.replace("ping", "pong"));
    else this.#watch(socket, frame);
  }

  #accept(): WorkersResponse {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client, headers: SUBPROTOCOL });
  }

  #watch(socket: WebSocket, subscribe: string): void {
    const [, recordId] = /"recordId":"([^"]*)"/.exec(subscribe) ?? [];
    if (recordId === undefined) return;
    this.#watchers.set(recordId, socket);
    const attachment: Attachment = { ...this.#rest, recordId };
    socket.serializeAttachment(attachment);
  }
}
