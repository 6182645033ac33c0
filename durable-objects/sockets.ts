import type { TokenVerifier } from "../src/auth/verify-token.ts";
import { assertNever, messageOf } from "../src/core/errors.ts";
import type { Limits } from "../src/core/limits.ts";
import { identityOf, type Principal } from "../src/core/principal.ts";
import { CLOSE, type CloseEvent, closeWith } from "../src/core/protocol/close-events.ts";
import { encodeServerMessage } from "../src/core/protocol/codec.ts";
import { nextDeadline } from "../src/core/protocol/deadlines.ts";
import { openSession, readySession } from "../src/core/protocol/session.ts";
import { type Effect, step } from "../src/core/protocol/step.ts";
import { BATCHING_SUBPROTOCOL } from "../src/core/protocol/subprotocols.ts";
import type { AlarmClock } from "./alarm-clock.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { InitTimers } from "./init-timers.ts";
import { TOO_SLOW } from "./slow-readers.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { TokenRefresher } from "./token-refresher.ts";
import type { UnreadBytes } from "./unread-bytes.ts";
import type { UpgradeRequest } from "./upgrade-request.ts";

/** How many silent sockets are asked at once when a limit leaves no place for a new one. */
const ASKED_FOR_PLACE = 10;
const ANSWER_FOR_PLACE_MS = 10_000;
/** A caller that is refused again and again makes nobody be asked, or looked for, more often than this. */
const ASK_FOR_PLACE_MS = 1_000;

export interface SocketsContext {
  readonly ctx: DurableObjectState;
  readonly connections: Connections;
  readonly subscriptions: Subscriptions;
  readonly unread: UnreadBytes;
  readonly alarm: AlarmClock;
  readonly limits: Limits;
  readonly verifier: TokenVerifier;
  readonly isRefused: (principal: Principal) => boolean;
}

/** Runs the protocol over the sockets of a workspace: what frames, closes and time do to them. */
export class Sockets {
  readonly #ctx: DurableObjectState;
  readonly #connections: Connections;
  readonly #subscriptions: Subscriptions;
  readonly #unread: UnreadBytes;
  readonly #alarm: AlarmClock;
  readonly #limits: Limits;
  readonly #refresher: TokenRefresher;
  readonly #initTimers = new InitTimers();
  #askedForPlaceAt = 0;

  constructor({ ctx, connections, subscriptions, unread, alarm, limits, verifier, isRefused }: SocketsContext) {
    this.#ctx = ctx;
    this.#connections = connections;
    this.#subscriptions = subscriptions;
    this.#unread = unread;
    this.#alarm = alarm;
    this.#limits = limits;
    this.#refresher = new TokenRefresher({
      verifier,
      limits,
      isRefused,
      close: (connection, event) => this.close(connection, event),
      keep: (connection) => {
        connections.save(connection);
        subscriptions.changeViewersOf(connection);
        if (!connection.closed) this.schedule(connection);
      },
    });
    // An eviction leaves the alarm as it was, and no timer.
    for (const connection of connections.awake()) {
      if (connection.state.session.state === "opening") this.schedule(connection);
    }
  }

  /** Takes a socket of an authenticated caller; it waits for `connection_init` then. Returns the close when it is full. */
  accept(
    socket: WebSocket,
    { principal, subprotocol, edgeKey, sseToken }: UpgradeRequest,
    now: number,
  ): CloseEvent | undefined {
    const full = this.#findFull(principal, now);
    if (full !== undefined) return full;
    const session = openSession(now, this.#limits.INIT_TIMEOUT_SECONDS);
    const state = {
      id: crypto.randomUUID(),
      principal,
      session,
      seenAt: now,
      warned: false,
      batches: subprotocol === BATCHING_SUBPROTOCOL,
      ...(edgeKey !== undefined && { edgeKey }),
      ...(sseToken !== undefined && { sseToken }),
    };
    this.schedule(this.#connections.add(socket, state));
    return undefined;
  }

  receive(socket: WebSocket, frame: string | ArrayBuffer, now: number): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.closed) return;
    if (now >= connection.tokenExpiresAt) return this.close(connection, CLOSE.TOKEN_EXPIRED);
    // Answers count like events: a client that asks and asks, and reads nothing, is not answered any further.
    if (this.#unread.isFlooded(connection)) return this.close(connection, closeWith(CLOSE.OVERLOADED, TOO_SLOW));
    try {
      this.#hear(connection, frame, now);
    } catch (thrown) {
      // Half done, it would leave a client waiting for an operation that the next wake knows nothing of.
      const { workspaceId } = connection.state.principal;
      console.error({ message: "A frame could not be handled", workspaceId, error: messageOf(thrown) });
      this.close(connection, CLOSE.RESTART);
    }
  }

  close(connection: Connection, event: CloseEvent): void {
    this.#initTimers.stop(connection);
    this.#subscriptions.close(connection, event);
  }

  /** Closes every socket, of all or of some, that a test picks. Returns how many there were. */
  closeWhere(
    isMeant: (connection: Connection) => boolean,
    event: CloseEvent,
    among: Iterable<Connection> = this.#connections,
  ): number {
    const meant = [...among].filter(isMeant);
    for (const connection of meant) this.close(connection, event);
    return meant.length;
  }

  /** A socket went away by itself. */
  forget(socket: WebSocket): void {
    this.#unread.forget(socket);
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    this.#initTimers.stop(connection);
    this.#subscriptions.drop(connection);
    this.#connections.remove(connection);
  }

  /** Does to every socket what is due, and sets the alarm to what comes next. */
  serveDeadlines(now: number): void {
    for (const connection of [...this.#connections]) {
      try {
        this.#serveDeadline(connection, now);
      } catch (thrown) {
        // One socket must not keep the others from being served: an alarm that throws is repeated, then given up.
        const { workspaceId } = connection.state.principal;
        console.error({
          message: "A deadline of a socket could not be served",
          workspaceId,
          error: messageOf(thrown),
        });
      }
    }
    // Once for all of them: each time that the alarm is set costs a row written.
    const next = Array.from(this.#connections, (connection) => this.#nextDeadline(connection).at);
    if (next.length > 0) this.#alarm.wakeBy(next.reduce((a, b) => Math.min(a, b)));
  }

  /** Makes sure that the object is there for what is due next for a socket. */
  schedule(connection: Connection): void {
    const { what, at } = this.#nextDeadline(connection);
    if (what !== "init-timeout") return this.#alarm.wakeBy(at);
    this.#initTimers.start(connection, at - Date.now(), () => this.close(connection, CLOSE.INIT_TIMEOUT));
  }

  #hear(connection: Connection, frame: string | ArrayBuffer, now: number): void {
    const { session: before, answerBy, edgeKey } = connection.state;
    if (answerBy !== undefined) connection.clear("askedAt", "answerBy");
    const { session, effects } = step(before, frame, { now, limits: this.#limits, edgeKey });
    connection.update({ session, seenAt: now });
    for (const effect of effects) this.#run(connection, effect, now);
    const isChanged = connection.state.session !== before || answerBy !== undefined;
    if (isChanged && !connection.closed) this.#connections.save(connection);
  }

  #run(connection: Connection, effect: Effect, now: number): void {
    switch (effect.type) {
      case "send":
        return connection.send(encodeServerMessage(effect.message));
      case "close":
        return this.close(connection, effect.event);
      case "initialise":
        this.#initTimers.stop(connection);
        connection.update({ session: readySession() });
        connection.send(encodeServerMessage({ type: "connection_ack" }));
        this.#serveDeadline(connection, now);
        return connection.closed ? undefined : this.schedule(connection);
      case "subscribe":
        return this.#subscriptions.start(connection, effect.id, effect.payload, now);
      case "unsubscribe":
        return this.#subscriptions.stop(connection, effect.id);
      case "refresh":
        void this.#refresher.refresh(connection, effect.token, now);
        return;
      case "backpressure":
        return this.#subscriptions.setBackpressure(connection, effect.isOn, now);
      default:
        return assertNever(effect);
    }
  }

  #serveDeadline(connection: Connection, now: number): void {
    connection.update({ seenAt: this.#lastSeen(connection) });
    const next = this.#nextDeadline(connection);
    if (next.at > now) return;
    // An alarm may come so late that the warning is due, and the expiry as well: nothing comes before that then.
    const due = now >= connection.tokenExpiresAt ? "token-expiry" : next.what;
    switch (due) {
      case "init-timeout":
        return this.close(connection, CLOSE.INIT_TIMEOUT);
      case "token-expiry":
        return this.close(connection, CLOSE.TOKEN_EXPIRED);
      case "token-warning":
        connection.update({ warned: true });
        connection.send(encodeServerMessage({ type: "ping", payload: { tokenExpiresAt: connection.tokenExpiresAt } }));
        return this.#connections.save(connection);
      case "slow-reader":
        return this.#endSlowness(connection);
      case "silence":
        return this.#ask(connection, now, this.#limits.SILENT_ANSWER_SECONDS * 1000);
      case "no-answer":
        return this.#endSilence(connection);
      default:
        return assertNever(due);
    }
  }

  #ask(connection: Connection, now: number, answerWithinMs: number): void {
    connection.update({ askedAt: now, answerBy: now + answerWithinMs });
    connection.send(encodeServerMessage({ type: "ping" }));
    this.#connections.save(connection);
    this.schedule(connection);
  }

  /** One that waits for its turn to be replayed may have drained long ago, and nobody has looked. */
  #endSlowness(connection: Connection): void {
    const hasDrained = !connection.state.isSlowAtEdge && this.#unread.isDrained(connection);
    if (!hasDrained) return this.close(connection, closeWith(CLOSE.OVERLOADED, TOO_SLOW));
    connection.clear("drainBy");
    return this.#connections.save(connection);
  }

  /** A keep-alive that the platform answered in the meantime is an answer too, though no frame reached us. */
  #endSilence(connection: Connection): void {
    const { seenAt, askedAt = 0 } = connection.state;
    if (seenAt <= askedAt) return this.close(connection, CLOSE.SILENT);
    connection.clear("askedAt", "answerBy");
    return this.#connections.save(connection);
  }

  #findFull(principal: Principal, now: number): CloseEvent | undefined {
    const { MAX_SOCKETS_PER_WORKSPACE } = this.#limits;
    const setting = principal.kind === "server" ? "MAX_SERVER_SOCKETS_PER_WORKSPACE" : "MAX_SOCKETS_PER_IDENTITY";
    const ofIdentity = this.#limits[setting];
    const identity = identityOf(principal);
    const peers = this.#connections.ofIdentity(identity);
    // Or a caller could have one socket after the other closed for reading nothing, and leave all of it in memory.
    if (peers.size + this.#unread.countLeaving(identity, now) >= ofIdentity) {
      this.#askForPlace(peers, now);
      return closeWith(CLOSE.OVERLOADED, `A caller may hold ${ofIdentity} sockets (${setting})`);
    }
    if (this.#connections.size >= MAX_SOCKETS_PER_WORKSPACE) {
      this.#askForPlace(this.#connections, now);
      return closeWith(
        CLOSE.OVERLOADED,
        `A workspace may hold ${MAX_SOCKETS_PER_WORKSPACE} sockets (MAX_SOCKETS_PER_WORKSPACE)`,
      );
    }
    return undefined;
  }

  /** Asks the longest silent sockets whether they are still there; the dead among them soon make room. */
  #askForPlace(candidates: Iterable<Connection>, now: number): void {
    if (now - this.#askedForPlaceAt < ASK_FOR_PLACE_MS) return;
    this.#askedForPlaceAt = now;
    const unasked = [...candidates].filter(
      ({ state }) => state.answerBy === undefined && state.session.state === "ready",
    );
    const bySilence = unasked
      .map((connection) => ({ connection, seenAt: this.#lastSeen(connection) }))
      .sort((a, b) => a.seenAt - b.seenAt);
    for (const { connection } of bySilence.slice(0, ASKED_FOR_PLACE)) this.#ask(connection, now, ANSWER_FOR_PLACE_MS);
  }

  #lastSeen({ socket, state }: Connection): number {
    return Math.max(state.seenAt, this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0);
  }

  #nextDeadline({ state, tokenExpiresAt }: Connection) {
    return nextDeadline({ ...state, tokenExpiresAt }, this.#limits);
  }
}
