import { exports } from "cloudflare:workers";
import { DEV_BINDINGS } from "../../support/dev-bindings.ts";

const WAIT_MS = 10_000;

/** A client of the Worker under test, inside workerd: frames are kept until somebody asks for them. */
export class WorkerdSocket {
  readonly #socket: WebSocket;
  readonly #frames: unknown[] = [];
  #wake: () => void = () => undefined;
  closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#frames.push(typeof data === "string" ? JSON.parse(data) : data);
      this.#wake();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#wake();
    });
    socket.accept();
  }

  /** Upgrades; with a token in the header the socket is handed to the object, without one it is relayed. */
  static async open(
    token: string | undefined,
    headers: Record<string, string> = {},
    path = "/graphql",
  ): Promise<WorkerdSocket> {
    const response = await exports.default.fetch(`http://127.0.0.1${path}`, {
      headers: {
        Upgrade: "websocket",
        "Sec-WebSocket-Protocol": "graphql-transport-ws",
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
    if (response.webSocket === null) throw new Error(`No upgrade: ${response.status} ${await response.text()}`);
    return new WorkerdSocket(response.webSocket);
  }

  /** Opens a socket and waits for its ack. */
  static async connect(token: string): Promise<WorkerdSocket> {
    const socket = await WorkerdSocket.open(token);
    socket.send({ type: "connection_init" });
    await socket.next();
    return socket;
  }

  /** Opens a socket of a server to the channels of a workspace, and waits for its ack. */
  static async connectServer(workspaceId: string, headers: Record<string, string> = {}): Promise<WorkerdSocket> {
    const socket = await WorkerdSocket.open(DEV_BINDINGS.CHANNEL_SECRETS, headers, `/channels/${workspaceId}`);
    socket.send({ type: "connection_init" });
    await socket.next();
    return socket;
  }

  send(message: unknown): void {
    this.#socket.send(
      typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message),
    );
  }

  subscribe(id: string, input: Record<string, unknown> = {}, query = ON_DB_EVENT): void {
    this.send({ type: "subscribe", id, payload: { query, variables: { input } } });
  }

  /** Subscribes to a channel, or to those that fit a pattern. */
  subscribeChannel(id: string, name: string, { pattern, extensions }: ChannelRequest = {}): void {
    const variables = { name, ...(pattern !== undefined && { pattern }) };
    this.send({ type: "subscribe", id, payload: { query: CHANNEL, variables, ...(extensions && { extensions }) } });
  }

  close(code = 1000, reason = ""): void {
    this.#socket.close(code, reason);
  }

  /** The next frame, parsed. */
  async next(): Promise<unknown> {
    await this.#until(() => this.#frames.length > 0 || this.closed !== undefined, "a frame");
    if (this.#frames.length === 0) throw new Error(`Closed instead of a frame: ${JSON.stringify(this.closed)}`);
    return this.#frames.shift();
  }

  /** The frames that are there already. */
  take(): unknown[] {
    return this.#frames.splice(0);
  }

  /** Everything up to and including the answer to a ping that is sent now: what the object had to say before it. */
  async drain(): Promise<unknown[]> {
    const marker = crypto.randomUUID();
    this.send({ type: "ping", payload: { marker } });
    const frames: unknown[] = [];
    for (;;) {
      const frame = await this.next();
      if (JSON.stringify(frame).includes(marker)) return frames;
      frames.push(frame);
    }
  }

  /** The same, or what came until the socket was closed. */
  async drainOrClosed(): Promise<unknown[]> {
    if (this.closed !== undefined) return this.take();
    const marker = crypto.randomUUID();
    this.send({ type: "ping", payload: { marker } });
    const frames: unknown[] = [];
    for (;;) {
      await this.#until(() => this.#frames.length > 0 || this.closed !== undefined, "a frame or the close");
      const frame = this.#frames.shift();
      if (frame === undefined || JSON.stringify(frame).includes(marker)) return frames;
      frames.push(frame);
    }
  }

  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.#until(() => this.closed !== undefined, "the close");
    return this.closed ?? { code: 0, reason: "" };
  }

  async #until(isTrue: () => boolean, what: string): Promise<void> {
    const endsAt = Date.now() + WAIT_MS;
    while (!isTrue()) {
      if (Date.now() > endsAt) throw new Error(`Waited ${WAIT_MS} ms for ${what}.`);
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, 50);
      });
      clearTimeout(timer);
    }
  }
}

export const ON_DB_EVENT =
  "subscription ($input: OnDbEventInput!) { onDbEvent(input: $input) { action objectNameSingular record updatedFields } }";

export const CHANNEL =
  "subscription ($name: String!, $pattern: Boolean) { channel(name: $name, pattern: $pattern) { channel payload recipientUserWorkspaceIds } }";

interface ChannelRequest {
  readonly pattern?: boolean;
  readonly extensions?: object;
}
