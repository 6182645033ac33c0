import { switchProtocols } from "../../durable-objects/upgrade-request.ts";
import { tokenFromInitPayload } from "../auth/token-sources.ts";
import { assertNever, GatewayError, messageOf } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { CLOSE, type CloseEvent, closeWith, relayedClose } from "../core/protocol/close-events.ts";
import { encodeServerMessage, ProtocolViolation } from "../core/protocol/codec.ts";
import { openSession, type Session } from "../core/protocol/session.ts";
import { backpressurePong, type Effect, step } from "../core/protocol/step.ts";
import { acceptAndClose } from "./accept-and-close.ts";
import { Backpressure } from "./backpressure.ts";
import { type Dialect, dialectOf, type Frame } from "./dialect.ts";
import type { Edge } from "./edge.ts";
import { HeldFrames } from "./held-frames.ts";
import { sendQuietly } from "./send-quietly.ts";
import { CONNECT_TIMEOUT_MS } from "./sockets-without-token.ts";
import type { SpokenSubprotocol } from "./subprotocols.ts";
import { closeOfRefusedToken, openWorkspaceSocket } from "./workspace-socket.ts";

/** A client that is relayed, as its upgrade told. */
export interface RelayedClient {
  readonly subprotocol: SpokenSubprotocol;
  readonly address: string;
  /** Who it is, where the upgrade held a token already. */
  readonly principal: Principal | undefined;
}

/**
 * Takes a socket whose token comes in `connection_init`, or whose dialect the object does not speak: the edge speaks the
 * protocol until the token is verified, then opens a socket to the workspace's object and passes every frame on.
 */
export function relaySocket(relayed: RelayedClient, edge: Edge): Response {
  const { subprotocol, address, principal } = relayed;
  const leave = principal === undefined ? edge.socketsWithoutToken.enter(address) : () => undefined;
  if (leave === undefined) {
    const { MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS: max } = edge.settings.limits;
    const reason = `An address may hold ${max} sockets without a token (MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS)`;
    return acceptAndClose(closeWith(CLOSE.OVERLOADED, reason), subprotocol);
  }
  const { 0: client, 1: outer } = new WebSocketPair();
  // Half open, so that a close of either side is answered with what the other side says.
  outer.accept({ allowHalfOpen: true });
  // By default binary frames come as blobs, which can only be read later.
  outer.binaryType = "arraybuffer";
  new Relay(outer, relayed, edge, leave).start();
  return switchProtocols(client, subprotocol);
}

class Relay {
  readonly #outer: WebSocket;
  readonly #dialect: Dialect;
  readonly #principal: Principal | undefined;
  readonly #edge: Edge;
  /** Counts the socket out of those without a token. */
  readonly #leave: () => void;
  /** What an eager client sent before the inner socket was open. */
  readonly #held: HeldFrames;
  /** Tells the object what the edge says itself from what it passes on. */
  readonly #edgeKey = crypto.randomUUID();
  #session: Session;
  #inner: WebSocket | undefined;
  #isClosed = false;
  readonly #backpressure: Backpressure;
  #joinTimer: ReturnType<typeof setTimeout> | undefined;
  #repeating: readonly ReturnType<typeof setInterval>[] = [];

  constructor(outer: WebSocket, { subprotocol, principal }: RelayedClient, edge: Edge, leave: () => void) {
    this.#outer = outer;
    this.#dialect = dialectOf(subprotocol, edge.settings.limits);
    this.#principal = principal;
    this.#edge = edge;
    this.#leave = leave;
    const { MAX_OPERATIONS_PER_SOCKET, MAX_FRAME_BYTES, INIT_TIMEOUT_SECONDS } = edge.settings.limits;
    this.#held = new HeldFrames({ maxCount: MAX_OPERATIONS_PER_SOCKET, maxBytes: MAX_FRAME_BYTES });
    this.#backpressure = new Backpressure({
      ledger: edge.unread,
      unread: () => outer.bufferedAmount,
      tell: (isOn) => {
        if (this.#inner !== undefined) sendQuietly(this.#inner, backpressurePong(isOn, this.#edgeKey));
      },
      giveUp: () => this.#close(CLOSE.OVERLOADED),
    });
    this.#session = openSession(Date.now(), INIT_TIMEOUT_SECONDS);
  }

  start(): void {
    const { INIT_TIMEOUT_SECONDS } = this.#edge.settings.limits;
    this.#joinTimer = setTimeout(() => this.#close(CLOSE.INIT_TIMEOUT), INIT_TIMEOUT_SECONDS * 1000);
    this.#outer.addEventListener("message", ({ data }) => this.#receive(data));
    this.#outer.addEventListener("close", (event) =>
      this.#close(relayedClose(event, "outwards"), relayedClose(event, "inwards")),
    );
    this.#outer.addEventListener("error", () => this.#close(CLOSE.RESTART, CLOSE.NORMAL));
  }

  #receive(frame: Frame): void {
    if (this.#isClosed) return;
    const isJoining = this.#session.state === "initialising" && this.#inner === undefined;
    if (isJoining && this.#dialect.isEager) return this.#hold(frame);
    try {
      const meant = this.#dialect.fromClient(frame);
      if ("code" in meant) return this.#close(meant);
      for (const each of meant) this.#receiveEach(each);
    } catch (thrown) {
      if (!(thrown instanceof ProtocolViolation)) throw thrown;
      this.#close(thrown.close);
    }
  }

  #receiveEach(frame: Frame): void {
    if (this.#isClosed) return;
    if (this.#inner !== undefined) return this.#forwardInwards(this.#inner, frame);
    const { session, effects } = step(this.#session, frame, { now: Date.now(), limits: this.#edge.settings.limits });
    this.#session = session;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#forwardOutwards(encodeServerMessage(effect.message));
      case "close":
        return this.#close(effect.event);
      case "initialise":
        clearTimeout(this.#joinTimer);
        this.#joinTimer = setTimeout(() => this.#refuse(CLOSE.OVERLOADED), CONNECT_TIMEOUT_MS);
        void this.#connect(effect.payload);
        return;
      case "subscribe":
      case "unsubscribe":
      case "refresh":
      case "backpressure":
        // Only of a ready session, which this one never is: the object's is.
        return;
      default:
        return assertNever(effect);
    }
  }

  /** Verifies the token and opens the inner socket. The client may be gone after each await. */
  async #connect(payload: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      const principal = await this.#authenticate(payload);
      if (this.#isClosed || principal === undefined) return;
      const upgrade = { principal, subprotocol: this.#dialect.inner, edgeKey: this.#edgeKey };
      const opened = await openWorkspaceSocket(this.#edge, upgrade);
      if ("code" in opened) return this.#refuse(opened);
      opened.accept({ allowHalfOpen: true });
      if (this.#isClosed) return opened.close(CLOSE.NORMAL.code, CLOSE.NORMAL.reason);
      this.#join(opened);
    } catch (thrown) {
      console.error({ message: "A socket could not be relayed", error: messageOf(thrown) });
      this.#close(CLOSE.RESTART);
    }
  }

  async #authenticate(payload: Readonly<Record<string, unknown>>): Promise<Principal | undefined> {
    if (this.#principal !== undefined) return this.#principal;
    const token = tokenFromInitPayload(payload);
    if (token === undefined) {
      this.#refuse(closeWith(CLOSE.FORBIDDEN, "connection_init holds no access token"));
      return undefined;
    }
    try {
      return await this.#edge.verifier.verify(token);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      this.#refuse(closeOfRefusedToken(thrown));
      return undefined;
    }
  }

  #hold(frame: Frame): void {
    if (this.#held.hold(frame)) return;
    this.#close(
      closeWith(CLOSE.OVERLOADED, "Sends too much before the ack (MAX_OPERATIONS_PER_SOCKET, MAX_FRAME_BYTES)"),
    );
  }

  #join(inner: WebSocket): void {
    clearTimeout(this.#joinTimer);
    this.#leave();
    this.#inner = inner;
    let isLetIn = false;
    inner.addEventListener("message", () => (isLetIn = true), { once: true });
    const pass = this.#dialect.toClient === undefined ? this.#passingOn() : this.#translating(inner);
    inner.addEventListener("message", pass);
    inner.addEventListener("close", (event) => {
      if (isLetIn) this.#close(relayedClose(event, "outwards"), relayedClose(event, "inwards"));
      else this.#refuse(relayedClose(event, "outwards"));
    });
    this.#repeating = (this.#dialect.repeated ?? []).map(({ everyMs, frames }) =>
      setInterval(() => this.#sendOutwards(frames()), everyMs),
    );
    inner.addEventListener("error", () => this.#close(CLOSE.RESTART, CLOSE.NORMAL));
    // The object acknowledges; the token stays here.
    inner.send('{"type":"connection_init"}');
    for (const frame of this.#held.take()) this.#receive(frame);
  }

  /**
   * Nearly every frame goes this way. Thousands of relays take turns, so whatever it touches has to be fetched from
   * memory: that this one is closed, its socket knows.
   */
  #passingOn(): (event: { readonly data: Frame }) => void {
    const outer = this.#outer;
    const backpressure = this.#backpressure;
    const ledger = this.#edge.unread;
    let sent = 0;
    let mayFollow = 0;
    return ({ data }) => {
      sendQuietly(outer, data);
      sent += maxBytesOf(data);
      if ((sent <= mayFollow && !ledger.isOverfull) || this.#isClosed) return;
      mayFollow = backpressure.check(sent);
      sent = 0;
    };
  }

  #translating(inner: WebSocket): (event: { readonly data: Frame }) => void {
    return ({ data }) => {
      if (this.#isClosed) return;
      this.#forwardOutwards(data);
      const reply = this.#dialect.reply?.(data);
      if (reply !== undefined) sendQuietly(inner, reply);
    };
  }

  #forwardInwards(inner: WebSocket, frame: string | ArrayBuffer): void {
    // The object reads at once; a client that sends faster than that is not read any further.
    if (inner.bufferedAmount > this.#edge.settings.limits.MAX_UNREAD_BYTES_PER_SOCKET)
      return this.#close(CLOSE.OVERLOADED);
    sendQuietly(inner, frame);
  }

  #forwardOutwards(frame: Frame): void {
    if (!this.#isClosed) this.#sendOutwards(this.#dialect.toClient?.(frame) ?? [frame]);
  }

  #sendOutwards(frames: readonly Frame[]): void {
    let bytes = 0;
    for (const each of frames) {
      sendQuietly(this.#outer, each);
      bytes += maxBytesOf(each);
    }
    this.#backpressure.check(bytes);
  }

  /** A client that is not let in; some dialects say so in a message first. */
  #refuse(event: CloseEvent): void {
    if (this.#isClosed) return;
    const { frame, close } = this.#dialect.refuse(event);
    if (frame !== undefined) sendQuietly(this.#outer, frame);
    this.#close(close);
  }

  /** Ends both sides, once. */
  #close(outwards: CloseEvent, inwards: CloseEvent = outwards): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#joinTimer);
    for (const timer of this.#repeating) clearInterval(timer);
    this.#backpressure.end();
    this.#leave();
    for (const [socket, { code, reason }] of [
      [this.#outer, outwards],
      [this.#inner, inwards],
    ] as const) {
      try {
        socket?.close(code, reason);
      } catch {
        // That side is gone already.
      }
    }
  }
}

/** A unit of a text has three bytes at most. */
function maxBytesOf(frame: Frame): number {
  return typeof frame === "string" ? 3 * frame.length : frame.byteLength;
}
