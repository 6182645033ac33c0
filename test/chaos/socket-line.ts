import { WebSocket } from "ws";
import type { Frame } from "./frame.ts";
import type { Line, LineEvents, LineOptions } from "./line.ts";

const MAX_BATCH_BYTES = 256 * 1024;

/** A line over a WebSocket, with its token in the upgrade's header or in `connection_init`. */
export class SocketLine implements Line {
  readonly canRefresh = true;
  readonly #socket: WebSocket;
  readonly #batches: boolean;
  readonly #events: LineEvents;
  #isCut = false;

  constructor({ url, token, kind, batches }: LineOptions, events: LineEvents) {
    const headers = kind === "direct" ? { Authorization: `Bearer ${token}` } : {};
    const protocol = batches ? "graphql-transport-ws.batch" : "graphql-transport-ws";
    const socket = new WebSocket(url, [protocol], { headers, perMessageDeflate: false });
    this.#socket = socket;
    this.#batches = batches;
    this.#events = events;
    socket.on("open", () => this.#send({ type: "connection_init", ...(kind === "relayed" && { payload: { token } }) }));
    socket.on("message", (data) => {
      if (!this.#isCut) this.#read(String(data));
    });
    socket.on("error", () => undefined);
    socket.on("close", (code, reason) => {
      if (!this.#isCut) events.gone({ code, reason: String(reason) });
    });
  }

  subscribe(id: string, payload: object): void {
    this.#send({ type: "subscribe", id, payload });
  }

  complete(id: string): void {
    this.#send({ type: "complete", id });
    this.#send({ type: "ping", payload: { ended: id } });
  }

  refresh(accessToken: string): void {
    this.#send({ type: "ping", payload: { accessToken } });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  cut(how: "terminate" | "close"): void {
    this.#isCut = true;
    const socket = this.#socket;
    if (how === "terminate" || socket.readyState !== WebSocket.OPEN) return socket.terminate();
    socket.resume();
    socket.close(1000);
  }

  #read(text: string): void {
    const parsed = JSON.parse(text) as Frame | Frame[];
    if (!Array.isArray(parsed)) return this.#hear(parsed);
    this.#events.count("frames of several messages");
    if (!this.#batches) this.#events.wrong("a frame of several messages to a client that takes none");
    if (parsed.length < 2) this.#events.wrong(`an array of ${parsed.length} messages`);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_BATCH_BYTES) this.#events.wrong(`${parsed.length} messages in a frame of ${bytes} bytes`);
    for (const frame of parsed) if (!this.#isCut) this.#hear(frame);
  }

  #hear(frame: Frame): void {
    if (frame.type === "connection_ack") return this.#events.ready();
    const { type, payload } = frame;
    if (type === "ping") this.#send({ type: "pong", ...(payload !== undefined && { payload }) });
    this.#events.message(frame);
  }

  #send(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
