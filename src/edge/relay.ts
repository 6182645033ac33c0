import { tokenFromInitPayload } from "../auth/token-sources.ts";
import { assertNever, GatewayError, messageOf } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { CLOSE, type CloseEvent, closeWith, relayedClose } from "../core/protocol/close-events.ts";
import { encodeServerMessage } from "../core/protocol/codec.ts";
import { openSession, type Session } from "../core/protocol/session.ts";
import { backpressurePong, type Effect, step } from "../core/protocol/step.ts";
import type { Subprotocol } from "../core/protocol/subprotocols.ts";
import { acceptAndClose } from "./accept-and-close.ts";
import { Backpressure } from "./backpressure.ts";
import type { Edge } from "./edge.ts";
import { sendQuietly } from "./send-quietly.ts";
import { closeOfRefusedToken, openWorkspaceSocket } from "./workspace-socket.ts";

/**
 * Takes a socket whose token comes in `connection_init`: the edge speaks the protocol until the token is verified, then
 * opens a socket to the workspace's object and passes every frame on as it is.
 */
export function relaySocket(subprotocol: Subprotocol, address: string, edge: Edge): Response {
  const leave = edge.socketsWithoutToken.enter(address);
  if (leave === undefined) {
    const { MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS: max } = edge.settings.limits;
    const reason = `An address may hold ${max} sockets without a token (MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS)`;
    return acceptAndClose(closeWith(CLOSE.OVERLOADED, reason), subprotocol);
  }
  const { 0: client, 1: outer } = new WebSocketPair();
  // Half open, so that a close of either side is answered with what the other side says.
  outer.accept({ allowHalfOpen: true });
  new Relay(outer, subprotocol, edge, leave).start();
  return new Response(null, { status: 101, webSocket: client, headers: { "Sec-WebSocket-Protocol": subprotocol } });
}

class Relay {
  readonly #outer: WebSocket;
  readonly #subprotocol: Subprotocol;
  readonly #edge: Edge;
  /** Counts the socket out of those without a token. */
  readonly #leave: () => void;
  #session: Session;
  #inner: WebSocket | undefined;
  #isClosed = false;
  readonly #backpressure: Backpressure;
  #initTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(outer: WebSocket, subprotocol: Subprotocol, edge: Edge, leave: () => void) {
    this.#outer = outer;
    this.#subprotocol = subprotocol;
    this.#edge = edge;
    this.#leave = leave;
    this.#backpressure = new Backpressure({
      ledger: edge.unread,
      unread: () => outer.bufferedAmount,
      tell: (isOn) => {
        if (this.#inner !== undefined) sendQuietly(this.#inner, backpressurePong(isOn));
      },
      giveUp: () => this.#close(CLOSE.OVERLOADED),
    });
    this.#session = openSession(Date.now(), edge.settings.limits.INIT_TIMEOUT_SECONDS);
  }

  start(): void {
    const { INIT_TIMEOUT_SECONDS } = this.#edge.settings.limits;
    this.#initTimer = setTimeout(() => this.#close(CLOSE.INIT_TIMEOUT), INIT_TIMEOUT_SECONDS * 1000);
    this.#outer.addEventListener("message", ({ data }) => this.#receive(data));
    this.#outer.addEventListener("close", (event) =>
      this.#close(relayedClose(event, "outwards"), relayedClose(event, "inwards")),
    );
    this.#outer.addEventListener("error", () => this.#close(CLOSE.RESTART, CLOSE.NORMAL));
  }

  #receive(frame: string | ArrayBuffer): void {
    if (this.#isClosed) return;
    if (this.#inner !== undefined) return this.#forwardInwards(this.#inner, frame);
    const { session, effects } = step(this.#session, frame, { now: Date.now(), limits: this.#edge.settings.limits });
    this.#session = session;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return sendQuietly(this.#outer, encodeServerMessage(effect.message));
      case "close":
        return this.#close(effect.event);
      case "initialise":
        clearTimeout(this.#initTimer);
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
      const response = await openWorkspaceSocket(this.#edge, principal, this.#subprotocol);
      const inner = response?.webSocket;
      if (inner == null) return this.#close(CLOSE.OVERLOADED);
      inner.accept({ allowHalfOpen: true });
      if (this.#isClosed) return inner.close(CLOSE.NORMAL.code, CLOSE.NORMAL.reason);
      this.#join(inner);
    } catch (thrown) {
      console.error({ message: "A socket could not be relayed", error: messageOf(thrown) });
      this.#close(CLOSE.RESTART);
    }
  }

  async #authenticate(payload: Readonly<Record<string, unknown>>): Promise<Principal | undefined> {
    const token = tokenFromInitPayload(payload);
    if (token === undefined) {
      this.#close(closeWith(CLOSE.FORBIDDEN, "connection_init holds no access token"));
      return undefined;
    }
    try {
      return await this.#edge.verifier.verify(token);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      this.#close(closeOfRefusedToken(thrown));
      return undefined;
    }
  }

  #join(inner: WebSocket): void {
    this.#leave();
    this.#inner = inner;
    inner.addEventListener("message", ({ data }) => this.#forwardOutwards(data));
    inner.addEventListener("close", (event) =>
      this.#close(relayedClose(event, "outwards"), relayedClose(event, "inwards")),
    );
    inner.addEventListener("error", () => this.#close(CLOSE.RESTART, CLOSE.NORMAL));
    // The object acknowledges; the token stays here.
    inner.send('{"type":"connection_init"}');
  }

  #forwardInwards(inner: WebSocket, frame: string | ArrayBuffer): void {
    // The object reads at once; a client that sends faster than that is not read any further.
    if (inner.bufferedAmount > this.#edge.settings.limits.MAX_UNREAD_BYTES_PER_SOCKET)
      return this.#close(CLOSE.OVERLOADED);
    sendQuietly(inner, frame);
  }

  #forwardOutwards(frame: string | ArrayBuffer): void {
    sendQuietly(this.#outer, frame);
    this.#backpressure.check();
  }

  /** Ends both sides, once. */
  #close(outwards: CloseEvent, inwards: CloseEvent = outwards): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#initTimer);
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
