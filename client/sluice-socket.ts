import type { PingMessage, PongMessage, SubscribeMessage } from "../src/core/protocol/messages.ts";
import { BATCHING_SUBPROTOCOL } from "../src/core/protocol/subprotocols.ts";
import { isObject, parseJson } from "./json.ts";
import { isApiKey, readClaims } from "./jwt.ts";
import { onWake } from "./page.ts";
import { PongWatch } from "./pong-watch.ts";
import { type ClientSession, GRAPHQL_TRANSPORT_WS } from "./session.ts";
import { TokenRefresher } from "./token-refresher.ts";
import { Translator } from "./translator.ts";
import type { CloseEventLike, MessageEventLike, WebSocketLike } from "./web-socket.ts";

/** The token could not be had: `token()` threw. Not sent on the wire; retried like a lost connection. */
export const TOKEN_UNAVAILABLE = 4498;
/** A close that nobody sent, as browsers report it. */
const ABNORMAL = 1006;
const RESTART = 1012;
const FORBIDDEN = 4403;
const SUBPROTOCOL_NOT_ACCEPTABLE = 4406;

/** How long a socket that was closed may wait for the other side's close. */
const CLOSE_TIMEOUT_MS = 5_000;
/** A page that somebody looks at again should not wait long for a dead socket. */
const MAX_PROBE_MS = 4_000;

interface SocketEvents {
  readonly open: unknown;
  readonly message: MessageEventLike;
  readonly error: unknown;
  readonly close: CloseEventLike;
}
type Listener<E> = (event: E) => void;

/**
 * A WebSocket to the one above it, which sees plain graphql-transport-ws: one message a frame, each event once, and closes
 * instead of errors. Below is a real one, opened as soon as there is a token for it.
 */
export class SluiceSocket implements WebSocketLike {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;

  readonly url: string;
  onopen: Listener<unknown> | null = null;
  onmessage: Listener<MessageEventLike> | null = null;
  onerror: Listener<unknown> | null = null;
  onclose: Listener<CloseEventLike> | null = null;

  readonly #session: ClientSession;
  readonly #listeners = new Map<string, Set<Listener<never>>>();
  readonly #pongWatch = new PongWatch(() => this.#giveUp("No answer to a ping"));
  readonly #translator: Translator;
  readonly #stopWatchingPage: () => void;
  #inner: WebSocketLike | undefined;
  #state: 0 | 1 | 2 | 3 = SluiceSocket.CONNECTING;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refresher: TokenRefresher | undefined;
  #tokenForInit: string | undefined;

  constructor(url: string | URL, _protocols: string | readonly string[] | undefined, session: ClientSession) {
    this.url = String(url);
    this.#session = session;
    this.#translator = new Translator({
      operations: session.operations,
      socket: this,
      refresher: () => this.#refresher,
      tokenForInit: () => this.#tokenForInit,
      send: (message) => this.#sendInner(message),
      expectPong: () => this.#pongWatch.expect(session.pongTimeoutMs),
    });
    this.#stopWatchingPage = onWake(() => this.#probe());
    this.#timer = setTimeout(() => this.#giveUp("The connection took too long to open"), session.connectTimeoutMs);
    void this.#open();
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#state;
  }

  /** What the frames look like from here, however many messages there are in one. */
  get protocol(): string {
    const selected = this.#inner?.protocol ?? "";
    return selected === BATCHING_SUBPROTOCOL ? GRAPHQL_TRANSPORT_WS : selected;
  }

  get bufferedAmount(): number {
    return this.#inner?.bufferedAmount ?? 0;
  }

  addEventListener<T extends keyof SocketEvents>(type: T, listener: Listener<SocketEvents[T]>): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener<T extends keyof SocketEvents>(type: T, listener: Listener<SocketEvents[T]>): void {
    this.#listeners.get(type)?.delete(listener);
  }

  /** @throws Error before the socket is open; afterwards nothing is sent any more, and nothing said, as by any WebSocket */
  send(data: string): void {
    if (this.#state === SluiceSocket.CONNECTING) throw new Error("The socket is not open yet");
    if (this.#state === SluiceSocket.OPEN) this.#inner?.send(this.#translator.outgoing(data));
  }

  close(code?: number, reason?: string): void {
    if (this.#state >= SluiceSocket.CLOSING) return;
    this.#inner?.close(code, reason);
    this.#state = SluiceSocket.CLOSING;
    this.#rest();
    const withoutAnswer = () => this.#end({ code: ABNORMAL, reason: "The close was not answered", wasClean: false });
    this.#timer = setTimeout(withoutAnswer, this.#inner === undefined ? 0 : CLOSE_TIMEOUT_MS);
  }

  async #open(): Promise<void> {
    const { tokens } = this.#session;
    let token: string | undefined;
    try {
      token = await tokens?.forConnection();
    } catch (thrown) {
      const reason = `There is no token: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      return this.#end({ code: TOKEN_UNAVAILABLE, reason, wasClean: false });
    }
    if (this.#state !== SluiceSocket.CONNECTING) return;
    try {
      this.#connect(token);
    } catch (thrown) {
      // An address that is none, no WebSocket at all: trying again would not help.
      this.#dispatch("error", thrown);
      this.#end({ code: ABNORMAL, reason: String(thrown), wasClean: false });
    }
  }

  #connect(token: string | undefined): void {
    const { tokens, tokenIn, subprotocols } = this.#session;
    const isItem = token !== undefined && tokenIn === "subprotocol" && fitsSubprotocol(token);
    if (!isItem) this.#tokenForInit = token;
    const offered = isItem ? [...subprotocols, `bearer.${token}`] : [...subprotocols];
    const Inner = this.#session.webSocketImpl();
    const inner = new Inner(this.url, offered);
    this.#inner = inner;
    if (tokens !== undefined) {
      this.#refresher = new TokenRefresher(tokens, token, (payload) => this.#sendInner({ type: "ping", payload }));
    }
    inner.onopen = (event) => {
      if (this.#state !== SluiceSocket.CONNECTING) return;
      clearTimeout(this.#timer);
      this.#state = SluiceSocket.OPEN;
      if (inner.protocol === BATCHING_SUBPROTOCOL) this.#session.operations.expectPositions();
      this.#dispatch("open", event);
    };
    inner.onmessage = ({ data }) => this.#receive(data);
    let refusal: CloseEventLike | undefined;
    // What follows is a close, which can be retried; an error would end it all.
    inner.onerror = (event) => {
      refusal = refusalIn(event);
    };
    inner.onclose = (event) => {
      const isUnexplained = this.#state === SluiceSocket.CONNECTING && refusal === undefined;
      const asking = isUnexplained ? Inner.statusOf?.(this.url, offered) : undefined;
      if (asking === undefined) return this.#end(this.#judge(refusal ?? event));
      void asking.then((status) => this.#end(this.#judge(refusalBy(status) ?? event)));
    };
  }

  #receive(data: unknown): void {
    this.#pongWatch.heard();
    const frame = typeof data === "string" ? parseJson(data) : undefined;
    if (!Array.isArray(frame) || this.#inner?.protocol !== BATCHING_SUBPROTOCOL) {
      if (this.#state === SluiceSocket.OPEN && this.#translator.take(frame)) this.#dispatch("message", { data });
      return;
    }
    for (const message of frame as unknown[]) {
      // Closed while one before was looked at: the rest counts as not received, and comes again.
      if (this.#state !== SluiceSocket.OPEN) return;
      if (this.#translator.take(message)) this.#dispatch("message", { data: JSON.stringify(message) });
    }
  }

  #sendInner(message: PingMessage | PongMessage | SubscribeMessage): void {
    if (this.#state === SluiceSocket.OPEN) this.#inner?.send(JSON.stringify(message));
  }

  /** Asks the server for a sign of life, now that somebody may be waiting for one. */
  #probe(): void {
    const { pongTimeoutMs } = this.#session;
    if (this.#state !== SluiceSocket.OPEN || pongTimeoutMs <= 0) return;
    this.#sendInner({ type: "ping" });
    this.#pongWatch.expect(Math.min(MAX_PROBE_MS, pongTimeoutMs));
  }

  /** What a close means to the next attempt. */
  #judge(event: CloseEventLike): CloseEventLike {
    const session = this.#session;
    if (event.code === FORBIDDEN) session.tokens?.distrust();
    if (event.code !== SUBPROTOCOL_NOT_ACCEPTABLE || session.subprotocols.length === 1) return event;
    // A server that knows no batches and takes what is offered first.
    session.subprotocols = [GRAPHQL_TRANSPORT_WS];
    return { code: RESTART, reason: "Without batches, then", wasClean: true };
  }

  /** The other side is not there any more, though nobody has said so. */
  #giveUp(reason: string): void {
    this.#end({ code: ABNORMAL, reason, wasClean: false });
  }

  #end(event: CloseEventLike): void {
    if (this.#state === SluiceSocket.CLOSED) return;
    this.#state = SluiceSocket.CLOSED;
    this.#rest();
    const inner = this.#inner;
    if (inner !== undefined) {
      inner.onopen = inner.onmessage = inner.onclose = null;
      inner.onerror = () => undefined;
      inner.close();
    }
    this.#dispatch("close", event);
  }

  /** Nothing is expected from now on, and nothing taken: its operations may be on the next socket before this one has closed. */
  #rest(): void {
    this.#session.operations.leave(this);
    clearTimeout(this.#timer);
    this.#pongWatch.heard();
    this.#refresher?.stop();
    this.#stopWatchingPage();
  }

  #dispatch<T extends keyof SocketEvents>(type: T, event: SocketEvents[T]): void {
    const handler = this[`on${type}`] as Listener<SocketEvents[T]> | null;
    handler?.(event);
    for (const listener of this.#listeners.get(type) ?? []) (listener as Listener<SocketEvents[T]>)(event);
  }
}

/** Whether a token may be an item of `Sec-WebSocket-Protocol`: a token in the sense of HTTP, and no API key. */
function fitsSubprotocol(token: string): boolean {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(token)) return false;
  const claims = readClaims(token);
  return claims === undefined || !isApiKey(claims);
}

/**
 * The close that an upgrade stands for which was answered with 401 or 403. The package ws says so; of browsers the gateway
 * knows that they cannot, and closes instead.
 */
function refusalIn(event: unknown): CloseEventLike | undefined {
  const [, status] = /server response: (\d+)/.exec(isObject(event) ? String(event["message"]) : "") ?? [];
  return refusalBy(Number(status));
}

function refusalBy(status: number | undefined): CloseEventLike | undefined {
  if (status !== 401 && status !== 403) return undefined;
  return { code: FORBIDDEN, reason: `Unexpected server response: ${status}`, wasClean: false };
}
