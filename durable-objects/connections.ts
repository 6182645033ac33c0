import type { OperationStore } from "../src/core/operation/operation-store.ts";
import { BatchFrames } from "../src/core/protocol/batch-frames.ts";
import { CLOSE, type CloseEvent } from "../src/core/protocol/close-events.ts";
import type { ReadySession, StoredOperation } from "../src/core/protocol/session.ts";
import { findSpilled, packAttachment, type SocketState, unpackAttachment } from "./attachment.ts";
import { Connection, keptBytesOf } from "./connection.ts";

/** The open sockets of a workspace. Built from the platform's list and the attachments, at any wake. */
export class Connections {
  readonly #ctx: DurableObjectState;
  readonly #operations: () => OperationStore;
  readonly #frames = new BatchFrames();
  readonly #bySocket = new Map<WebSocket, Connection>();
  /** Made when somebody asks, which an event does not: most wakes are for one. */
  #byIdentity: Map<string, Set<Connection>> | undefined;
  #keptBytes = 0;

  /** @param operations opens the store of operations that outgrow an attachment; only called when one does */
  constructor(ctx: DurableObjectState, operations: () => OperationStore) {
    this.#ctx = ctx;
    this.#operations = operations;
    const documents = new Map<string, string>();
    const shared = (document: string) => {
      const known = documents.get(document);
      if (known === undefined) documents.set(document, document);
      return known ?? document;
    };
    for (const socket of ctx.getWebSockets()) this.#load(socket, shared);
  }

  get size(): number {
    return this.#bySocket.size;
  }

  /** Bytes that all sockets make the workspace keep. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Bytes that the sockets of a caller make the workspace keep. */
  keptBytesOf(identity: string): number {
    let bytes = 0;
    for (const { keptBytes } of this.ofIdentity(identity)) bytes += keptBytes;
    return bytes;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#bySocket.values();
  }

  get(socket: WebSocket): Connection | undefined {
    return this.#bySocket.get(socket);
  }

  ofIdentity(identity: string): ReadonlySet<Connection> {
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
    connection.socket.serializeAttachment(packAttachment(state, spilled));
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
    if (connection.stored.size > 0) this.#operations().deleteSocket(connection.state.id);
  }

  #load(socket: WebSocket, shared: (document: string) => string): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    const attachment: unknown = socket.deserializeAttachment();
    // Null is what a close of ours leaves behind.
    if (attachment === null) return;
    const unpacked = unpackAttachment(attachment, shared);
    if (unpacked === undefined) return closeQuietly(socket, CLOSE.RESTART);
    const { state, spilled } = unpacked;
    if (!spilled || state.session.state !== "ready") {
      this.#count(this.#insert(new Connection(socket, state, NOTHING_STORED, this.#frames)));
      return;
    }
    const stored = this.#operations().load(state.id);
    const session = withStored(state.session, stored);
    this.#count(this.#insert(new Connection(socket, { ...state, session }, stored, this.#frames)));
  }

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
