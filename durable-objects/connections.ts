import { messageOf } from "../src/core/errors.ts";
import type { OperationStore } from "../src/core/operation/operation-store.ts";
import type { Sleeping } from "../src/core/operation/subscription-groups.ts";
import { CLOSE, type CloseEvent } from "../src/core/protocol/close-events.ts";
import type { ReadySession, StoredOperation } from "../src/core/protocol/session.ts";
import { SharedFrames } from "../src/core/protocol/shared-frames.ts";
import { Sleepers } from "../src/core/pubsub/sleepers.ts";
import { findSpilled, packAttachment, type Sleep, type SocketState, unpackAttachment, wantsIn } from "./attachment.ts";
import { clearAway } from "./clear-away.ts";
import { Connection, keptBytesOf } from "./connection.ts";

/** What the sockets of a workspace need of their surroundings. */
export interface ConnectionsContext {
  readonly ctx: DurableObjectState;
  /** Opens the store of operations that outgrow an attachment; only called when one does. */
  readonly operations: () => OperationStore;
  /** Of the gateway; without it nobody sleeps. */
  readonly version: string | undefined;
  /** Whether those that may sleep are left asleep for now. */
  readonly letsSleep: boolean;
}

/**
 * The open sockets of a workspace. Built from the platform's list and the attachments, at any wake. Those whose attachment
 * lets them sleep are taken up when something is for them, and as soon as somebody asks for all.
 */
export class Connections implements Sleeping {
  readonly #ctx: DurableObjectState;
  readonly #operations: () => OperationStore;
  readonly #version: string | undefined;
  readonly #frames = new SharedFrames();
  readonly #bySocket = new Map<WebSocket, Connection>();
  readonly #sleepers = new Sleepers<WebSocket>();
  /** One text for equal ones, until all are taken up: every attachment has a copy of its own. */
  readonly #documents = new Map<string, string>();
  #takeUp: (connection: Connection) => void = () => {};
  /** Made when somebody asks, which an event does not: most wakes are for one. */
  #byIdentity: Map<string, Set<Connection>> | undefined;
  #keptBytes = 0;

  constructor({ ctx, operations, version, letsSleep }: ConnectionsContext) {
    this.#ctx = ctx;
    this.#operations = operations;
    this.#version = version;
    for (const socket of ctx.getWebSockets()) {
      const attachment: unknown = socket.deserializeAttachment();
      const wants = letsSleep ? wantsIn(attachment, version) : undefined;
      if (wants === undefined) this.#attempt(socket, () => this.#load(socket, attachment));
      else this.#sleepers.add(socket, wants);
    }
  }

  /** Says how the operations of a socket are taken up: now of those that do not sleep, of the others when they wake. */
  takeUpWith(takeUp: (connection: Connection) => void): void {
    this.#takeUp = takeUp;
    for (const connection of this.awake()) this.#attempt(connection.socket, () => this.#start(connection));
  }

  get size(): number {
    this.rouseAll();
    return this.#bySocket.size;
  }

  get isAnySleeping(): boolean {
    return this.#sleepers.wantAnything;
  }

  rouse(field: string, topic: readonly string[]): void {
    for (const socket of this.#sleepers.wanting(field, topic)) this.#rouse(socket);
  }

  /** Takes up all that sleep. */
  rouseAll(): void {
    for (const socket of this.#sleepers) this.#rouse(socket);
    this.#documents.clear();
  }

  /** Those that do not sleep. */
  awake(): Iterable<Connection> {
    return this.#bySocket.values();
  }

  /** Bytes that all sockets make the workspace keep. */
  get keptBytes(): number {
    this.rouseAll();
    return this.#keptBytes;
  }

  /** Bytes that the sockets of a caller make the workspace keep. */
  keptBytesOf(identity: string): number {
    let bytes = 0;
    for (const { keptBytes } of this.ofIdentity(identity)) bytes += keptBytes;
    return bytes;
  }

  [Symbol.iterator](): Iterator<Connection> {
    this.rouseAll();
    return this.#bySocket.values();
  }

  get(socket: WebSocket): Connection | undefined {
    this.#rouse(socket);
    return this.#bySocket.get(socket);
  }

  ofIdentity(identity: string): ReadonlySet<Connection> {
    this.rouseAll();
    if (this.#byIdentity === undefined) {
      this.#byIdentity = new Map();
      for (const connection of this) addTo(this.#byIdentity, connection);
    }
    return this.#byIdentity.get(identity) ?? NONE;
  }

  add(socket: WebSocket, state: SocketState): Connection {
    this.#ctx.acceptWebSocket(socket);
    const connection = this.#insert(new Connection(socket, state, NOTHING_STORED, this.#frames));
    this.save(connection);
    return connection;
  }

  /** Writes a socket's state where the next wake finds it: into its attachment, and into storage what does not fit. */
  save(connection: Connection): void {
    const { operations } = connection;
    try {
      this.#saveSpilling(connection, findSpilled(operations));
    } catch {
      // The size of a cloned text is a guess: V8 may keep Latin-1 in two bytes per character.
      this.#saveSpilling(connection, new Set(operations.keys()));
    }
    this.#count(connection);
  }

  #saveSpilling(connection: Connection, spilled: ReadonlySet<string>): void {
    const { state, operations, stored: before } = connection;
    const sleep = spilled.size === 0 ? this.#sleepOf(connection) : undefined;
    connection.socket.serializeAttachment(packAttachment(state, spilled, sleep));
    connection.maySleep = sleep !== undefined;
    const stored = new Map<string, StoredOperation>();
    for (const id of spilled) {
      const operation = operations.get(id);
      if (operation === undefined) continue;
      stored.set(id, operation);
      if (before.get(id) !== operation) this.#operations().put(state.id, id, operation);
    }
    for (const id of before.keys()) {
      if (!stored.has(id)) this.#operations().delete(state.id, id);
    }
    connection.stored = stored;
  }

  /** Closes a socket from our side. It is forgotten at once: the platform lists it until the peer has answered. */
  close(connection: Connection, event: CloseEvent): void {
    this.remove(connection);
    connection.socket.serializeAttachment(null);
    closeQuietly(connection.socket, event);
  }

  /** Forgets a socket that is gone. */
  remove(connection: Connection): void {
    if (this.#bySocket.get(connection.socket) !== connection) return;
    connection.closed = true;
    this.#bySocket.delete(connection.socket);
    const peers = this.#byIdentity?.get(connection.identity);
    peers?.delete(connection);
    if (peers?.size === 0) this.#byIdentity?.delete(connection.identity);
    this.#keptBytes -= connection.keptBytes;
    if (connection.stored.size === 0) return;
    const { id, principal } = connection.state;
    clearAway(principal.workspaceId, () => this.#operations().deleteSocket(id));
  }

  #rouse(socket: WebSocket): void {
    if (!this.#sleepers.delete(socket)) return;
    this.#attempt(socket, () => {
      const connection = this.#load(socket, socket.deserializeAttachment());
      if (connection !== undefined) this.#start(connection);
    });
  }

  /** What goes wrong with one socket ends that socket, which comes back: no wake may fail, and nobody miss an event, because of it. */
  #attempt(socket: WebSocket, takeUp: () => void): void {
    try {
      takeUp();
    } catch (thrown) {
      const workspaceId = this.#ctx.id.name;
      console.error({ message: "A socket could not be taken up", workspaceId, error: messageOf(thrown) });
      closeQuietly(socket, CLOSE.RESTART);
    }
  }

  #start(connection: Connection): void {
    this.#takeUp(connection);
    if (connection.maySleep || connection.closed || connection.stored.size > 0) return;
    // One that could not sleep, or only by what another version said of it, may from the next wake on.
    if (this.#sleepOf(connection) !== undefined) this.save(connection);
  }

  #sleepOf({ wants }: Connection): Sleep | undefined {
    const version = this.#version;
    return version === undefined || wants === undefined ? undefined : { version, wants };
  }

  #load(socket: WebSocket, attachment: unknown): Connection | undefined {
    // Null is what a close of ours leaves behind.
    if (attachment === null || socket.readyState !== WebSocket.OPEN) return undefined;
    const unpacked = unpackAttachment(attachment, this.#shared);
    if (unpacked === undefined) {
      closeQuietly(socket, CLOSE.RESTART);
      return undefined;
    }
    const { state, spilled } = unpacked;
    const stored = spilled ? this.#operations().load(state.id) : NOTHING_STORED;
    const session = state.session.state === "ready" && spilled ? withStored(state.session, stored) : state.session;
    const connection = this.#insert(new Connection(socket, { ...state, session }, stored, this.#frames));
    connection.maySleep = wantsIn(attachment, this.#version) !== undefined;
    this.#count(connection);
    return connection;
  }

  readonly #shared = (document: string): string => {
    const known = this.#documents.get(document);
    if (known === undefined) this.#documents.set(document, document);
    return known ?? document;
  };

  #insert(connection: Connection): Connection {
    this.#bySocket.set(connection.socket, connection);
    if (this.#byIdentity !== undefined) addTo(this.#byIdentity, connection);
    return connection;
  }

  #count(connection: Connection): void {
    let keptBytes = 0;
    for (const operation of connection.operations.values()) keptBytes += keptBytesOf(operation);
    this.#keptBytes += keptBytes - connection.keptBytes;
    connection.keptBytes = keptBytes;
  }
}

const NONE: ReadonlySet<Connection> = new Set();
const NOTHING_STORED: ReadonlyMap<string, StoredOperation> = new Map();

function addTo(byIdentity: Map<string, Set<Connection>>, connection: Connection): void {
  const peers = byIdentity.get(connection.identity);
  if (peers === undefined) byIdentity.set(connection.identity, new Set([connection]));
  else peers.add(connection);
}

function withStored(session: ReadySession, stored: ReadySession["operations"]): ReadySession {
  const operations = [...session.operations, ...stored].sort(([, a], [, b]) => a.order - b.order);
  return { ...session, operations: new Map(operations) };
}

/** Closes a socket that may be closed already; `close()` throws then. */
export function closeQuietly(socket: WebSocket, { code, reason }: CloseEvent): void {
  try {
    socket.close(code, reason);
  } catch {
    // Nothing is left to close.
  }
}
