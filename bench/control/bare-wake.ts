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

/** `ATTACHMENT_BYTES`: how large an attachment is, serialized. */
interface BareWakeEnv {
  readonly ATTACHMENT_BYTES: string;
}

/** What a socket watches, and as many characters as make the attachment as large as it is to be. */
type Attachment = readonly [recordId: string, rest: string];

const SUBPROTOCOL = { "Sec-WebSocket-Protocol": "graphql-transport-ws" };
const RECORD_ID_LENGTH = 36;
/** What V8 writes around two texts in an array. */
const STRUCTURE_BYTES = 12;

/**
 * The control of a wake: what an object must do at least that was evicted and has hibernating sockets, each with an
 * attachment. Its constructor asks for all sockets, reads all attachments, and notes who watches what.
 */
export class BareWake {
  readonly #ctx: DurableObjectState;
  readonly #watchers = new Map<string, WebSocket>();
  readonly #rest: string;

  constructor(ctx: DurableObjectState, { ATTACHMENT_BYTES }: BareWakeEnv) {
    this.#ctx = ctx;
    this.#rest = "x".repeat(Number(ATTACHMENT_BYTES) - RECORD_ID_LENGTH - STRUCTURE_BYTES);
    for (const socket of ctx.getWebSockets()) {
      const [recordId] = socket.deserializeAttachment() as Attachment;
      this.#watchers.set(recordId, socket);
    }
    wakes++;
  }

  /** `GET /wakes` tells how often the object was constructed; `POST /matching` is that of `worker.ts`. */
  async fetch(request: Request): Promise<WorkersResponse> {
    if (request.headers.get("Upgrade") === "websocket") return this.#accept();
    if (request.method === "GET") return new Response(String(wakes));
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
    const attachment: Attachment = [recordId, this.#rest];
    socket.serializeAttachment(attachment);
  }
}

/** Outlives the object: an eviction leaves the isolate. */
let wakes = 0;
