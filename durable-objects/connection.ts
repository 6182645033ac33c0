import type { Payload } from "../src/core/operation/subscription-groups.ts";
import { identityOf } from "../src/core/principal.ts";
import type { ReadySession, StoredOperation } from "../src/core/protocol/session.ts";
import type { Nexts, SharedFrames } from "../src/core/protocol/shared-frames.ts";
import { wantOf } from "../src/core/pubsub/sleepers.ts";
import type { TokenBucket } from "../src/core/token-bucket.ts";
import type { SocketState } from "./attachment.ts";
import type { RunningOperation } from "./running-operation.ts";

/**
 * A socket in memory: its stored state, and what follows from it. Thousands take turns at every event, so whatever one
 * touches has to be fetched from memory: what an event needs stands here, first, and not in objects of the state.
 */
export class Connection {
  readonly socket: WebSocket;
  /** Set by the close: nothing is sent afterwards, and its frames are not looked at. */
  closed = false;
  /** Bytes that were queued for it in this turn; 0 between turns. */
  turnBytes = 0;
  /** Bytes that it may be sent, at most, before the runtime is asked again how many it has not read; below 0 to ask. */
  mayFollow = -1;
  /** Of what waits for the end of the turn. */
  #batchBytes = 0;
  readonly #batches: boolean;
  #tokenExpiresAt: number;
  readonly running = new Map<string, RunningOperation>();
  #state: SocketState;
  /** The operations that are in storage, as they are there. */
  stored: ReadonlyMap<string, StoredOperation>;
  /** Whether its attachment lets the next wake leave it asleep. */
  maySleep = false;
  /** Bytes of documents and variables that the socket makes the workspace keep. */
  keptBytes = 0;
  /** How much it has been replayed lately, in bytes. */
  replayed: TokenBucket | undefined;
  /** What waits for the end of the turn, to share a frame. Empty between turns. */
  readonly #batch: Nexts[] = [];
  readonly #frames: SharedFrames;

  /** @param frames of all sockets of the workspace */
  constructor(
    socket: WebSocket,
    state: SocketState,
    stored: ReadonlyMap<string, StoredOperation>,
    frames: SharedFrames,
  ) {
    this.socket = socket;
    this.#batches = state.batches;
    this.#tokenExpiresAt = expiryOf(state);
    this.#state = state;
    this.stored = stored;
    this.#frames = frames;
  }

  get state(): SocketState {
    return this.#state;
  }

  get identity(): string {
    return identityOf(this.#state.principal);
  }

  /** Epoch ms. */
  get tokenExpiresAt(): number {
    return this.#tokenExpiresAt;
  }

  get operations(): ReadonlyMap<string, StoredOperation> {
    const { session } = this.#state;
    return session.state === "ready" ? session.operations : NO_OPERATIONS;
  }

  /** What its operations want to hear of, as of `wantOf`; undefined where it must be taken up by every wake. */
  get wants(): readonly number[] | undefined {
    const { session, principal } = this.state;
    // A deploy may have taken a server's secret from the list.
    if (session.state !== "ready" || principal.kind === "server") return undefined;
    const wants: number[] = [];
    for (const [id, { resume }] of session.operations) {
      const operation = this.running.get(id);
      const isLive = operation !== undefined && resume?.cursor === undefined;
      if (!isLive || operation.streamId !== undefined) return undefined;
      const { field, interest } = operation.plan;
      wants.push(wantOf(field.name, interest));
    }
    return wants;
  }

  update(change: Partial<SocketState>): void {
    this.#state = { ...this.#state, ...change };
    this.#tokenExpiresAt = expiryOf(this.#state);
  }

  /** Takes away what is only there while something is wrong. */
  clear(...keys: readonly ("askedAt" | "answerBy" | "drainBy" | "isSlowAtEdge")[]): void {
    const state: { -readonly [Key in keyof SocketState]: SocketState[Key] } = { ...this.#state };
    for (const key of keys) delete state[key];
    this.#state = state;
  }

  /** Changes the session of a socket that runs operations. */
  updateReady(change: (session: ReadySession) => ReadySession): void {
    const { session } = this.#state;
    if (session.state === "ready") this.update({ session: change(session) });
  }

  /** Sends a message now. */
  send(frame: string): void {
    this.#sendBatch();
    this.mayFollow -= 3 * frame.length;
    this.#transmit(frame);
  }

  /** Sends data now, or at the end of the turn together with others of the turn where the client takes that. */
  queue(head: string, { tails, bytes: bytesOfTails }: Payload, maxBatchBytes: number): void {
    // A head has one character per byte but for the id, which has three bytes per character at most; and a comma.
    const bytes = bytesOfTails + tails.length * (3 * head.length + 1);
    this.turnBytes += bytes;
    this.mayFollow -= bytes;
    if (this.#batchBytes + bytes + BRACKETS > maxBatchBytes) this.#sendBatch();
    if (this.#batches && bytes + BRACKETS <= maxBatchBytes) {
      this.#batch.push({ head, tails });
      this.#batchBytes += bytes;
      return;
    }
    const shared = this.#frames.each(head, tails);
    if (shared === undefined) for (const tail of tails) this.#transmit(head + tail);
    else for (const frame of shared) this.#transmit(frame);
  }

  /** Ends a turn: sends what waits. */
  flush(): void {
    this.turnBytes = 0;
    this.#sendBatch();
  }

  #sendBatch(): void {
    if (this.#batchBytes === 0) return;
    const frame = this.#frames.of(this.#batch);
    this.#batch.length = 0;
    this.#batchBytes = 0;
    this.#transmit(frame);
  }

  /** A socket that breaks meanwhile reports its close on its own. */
  #transmit(frame: string): void {
    if (this.closed) return;
    try {
      this.socket.send(frame);
    } catch {
      this.closed = true;
    }
  }
}

const BRACKETS = 2;

const NO_OPERATIONS: ReadonlyMap<string, StoredOperation> = new Map();

/** Epoch ms. */
function expiryOf({ principal }: SocketState): number {
  return principal.expiresAt * 1000;
}

/** Bytes that an operation makes the workspace keep. */
export function keptBytesOf({ document, variables }: Pick<StoredOperation, "document" | "variables">): number {
  return document.length + variables.length;
}
