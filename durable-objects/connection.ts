import type { Group, GroupMember } from "../src/core/operation/subscription-groups.ts";
import { identityOf } from "../src/core/principal.ts";
import type { ReadySession, StoredOperation } from "../src/core/protocol/session.ts";
import type { SocketState } from "./attachment.ts";

/** One running subscription of one socket. */
export interface Membership extends GroupMember {
  readonly connection: Connection;
  readonly group: Group<Membership>;
}

/** A socket in memory: its stored state, and what follows from it. */
export class Connection {
  readonly socket: WebSocket;
  readonly identity: string;
  readonly memberships = new Map<string, Membership>();
  state: SocketState;
  /** Ids of the operations that are in storage. */
  spilled: ReadonlySet<string>;
  /** Set by the close: nothing is sent afterwards, and its frames are not looked at. */
  closed = false;
  /** Bytes of documents and variables that the socket makes the workspace keep. */
  keptBytes = 0;

  constructor(socket: WebSocket, state: SocketState, spilled: ReadonlySet<string>) {
    this.socket = socket;
    this.state = state;
    this.spilled = spilled;
    this.identity = identityOf(state.principal);
  }

  get tokenExpiresAt(): number {
    return this.state.principal.expiresAt * 1000;
  }

  get operations(): ReadonlyMap<string, StoredOperation> {
    const { session } = this.state;
    return session.state === "ready" ? session.operations : NO_OPERATIONS;
  }

  update(change: Partial<SocketState>): void {
    this.state = { ...this.state, ...change };
  }

  /** The peer is there: it is no longer waited for. */
  answered(): void {
    const { answerBy: _, ...state } = this.state;
    this.state = state;
  }

  /** Changes the session of a socket that runs operations. */
  updateReady(change: (session: ReadySession) => ReadySession): void {
    const { session } = this.state;
    if (session.state === "ready") this.update({ session: change(session) });
  }

  /** Sends a frame. A socket that breaks meanwhile reports its close on its own. */
  send(frame: string): void {
    if (this.closed) return;
    try {
      this.socket.send(frame);
    } catch {
      this.closed = true;
    }
  }
}

const NO_OPERATIONS: ReadonlyMap<string, StoredOperation> = new Map();

/** Bytes that an operation makes the workspace keep. */
export function keptBytesOf({ document, variables }: Pick<StoredOperation, "document" | "variables">): number {
  return document.length + variables.length;
}
