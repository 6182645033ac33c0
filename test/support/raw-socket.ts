import { type RawData, WebSocket } from "ws";

export interface RawSocketOptions {
  /** `graphql-transport-ws` by default. */
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

export type Frame = Readonly<Record<string, unknown>>;

/** An upgrade that was answered with something else. */
export class UpgradeRefused extends Error {
  override readonly name = "UpgradeRefused";
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`The upgrade was answered with ${status}: ${body}`);
    this.status = status;
    this.body = body;
  }
}

const WAIT_MS = 10_000;
/** After the closing handshake it hangs up, whether or not the server does. */
const HANG_UP_MS = 500;

/** A client without any manners: it sends what it is told, and keeps every frame until somebody asks for it. */
export class RawSocket {
  /** Every frame that came, asked for or not. */
  readonly frames: Frame[] = [];
  readonly #socket: WebSocket;
  readonly #closed: Promise<SocketClose>;
  #close: SocketClose | undefined;
  #read = 0;
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: RawData) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      this.#wake();
    });
    // What went wrong shows in the close that follows.
    socket.on("error", () => undefined);
    this.#closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        this.#close = { code, reason: reason.toString() };
        resolve(this.#close);
        this.#wake();
      });
    });
  }

  /** @throws UpgradeRefused when the answer is no upgrade */
  static async open(url: string, options: RawSocketOptions = {}): Promise<RawSocket> {
    const { protocols = ["graphql-transport-ws"], headers = {} } = options;
    // Not in the types yet. The runtime hangs up late on a socket that it closed before any frame came.
    const connection = { headers, perMessageDeflate: false, closeTimeout: HANG_UP_MS };
    const socket = new WebSocket(url, [...protocols], connection);
    const raw = new RawSocket(socket);
    const opening = new Promise<RawSocket>((resolve, reject) => {
      socket.on("open", () => resolve(raw));
      socket.on("error", reject);
      socket.on("unexpected-response", (_, response) => {
        let body = "";
        response.on("data", (chunk) => (body += String(chunk)));
        response.on("end", () => reject(new UpgradeRefused(response.statusCode ?? 0, body)));
      });
    });
    return within(opening, `an upgrade at ${url}`);
  }

  /** Opens a socket whose token is in its header, so that it is handed to the object, and waits for the ack. */
  static async connect(url: string, token: string, options: RawSocketOptions = {}): Promise<RawSocket> {
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    return RawSocket.#acknowledged(await RawSocket.open(url, { ...options, headers }), {});
  }

  /** Opens a socket whose token comes in `connection_init`, so that it is relayed, and waits for the ack. */
  static async connectRelayed(url: string, token: string, options: RawSocketOptions = {}): Promise<RawSocket> {
    return RawSocket.#acknowledged(await RawSocket.open(url, options), { payload: { accessToken: token } });
  }

  static async #acknowledged(socket: RawSocket, init: Frame): Promise<RawSocket> {
    socket.send({ type: "connection_init", ...init });
    const { type } = await socket.next();
    if (type !== "connection_ack") throw new Error(`Expected connection_ack, got ${String(type)}.`);
    return socket;
  }

  /** The dialect that the server selected. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /** How it was closed. Fails when it stays open. */
  get closed(): Promise<SocketClose> {
    return within(this.#closed, "the close of a socket");
  }

  get isClosed(): boolean {
    return this.#close !== undefined;
  }

  /** Sends a message as JSON, and text or bytes as they are. */
  send(message: object | string | Uint8Array): void {
    const isRaw = typeof message === "string" || message instanceof Uint8Array;
    this.#socket.send(isRaw ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables: object = {}): void {
    this.send({ type: "subscribe", id, payload: { query, variables } });
  }

  /** The next frame nobody has asked for yet. Fails when none comes, or the socket is closed instead. */
  async next(): Promise<Frame> {
    const frame = this.frames[this.#read];
    if (frame !== undefined) {
      this.#read++;
      return frame;
    }
    if (this.#close !== undefined) throw new Error(`Closed instead of a frame: ${JSON.stringify(this.#close)}`);
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    await within(woken, "a frame");
    return this.next();
  }

  /** Everything up to the answer to a ping that is sent now: all that the other side had to say before it. */
  async drain(): Promise<Frame[]> {
    const marker = crypto.randomUUID();
    this.send({ type: "ping", payload: { marker } });
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame["type"] === "pong" && JSON.stringify(frame["payload"]) === JSON.stringify({ marker })) return frames;
      frames.push(frame);
    }
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  /** Goes away without a close frame. */
  terminate(): void {
    this.#socket.terminate();
  }
}

async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${WAIT_MS} ms for ${what}.`)), WAIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
