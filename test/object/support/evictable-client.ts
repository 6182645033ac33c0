import { offsetOf } from "../../chaos/accepted-log.ts";
import { ChaosOperation } from "../../chaos/chaos-operation.ts";
import { type Frame, operationIdOf } from "../../chaos/frame.ts";
import type { Random } from "../../chaos/random.ts";
import type { Traffic } from "../../chaos/traffic.ts";
import { WorkerdSocket } from "./workerd-socket.ts";

export interface EvictableClientOptions {
  readonly traffic: Traffic;
  readonly random: Random;
  /** A token of this client's user, issued at an epoch ms. */
  readonly token: (user: EvictableUser, issuedAt: number) => Promise<string>;
  /** The offset that every gap so far must have begun before. */
  readonly floor: () => number;
  /** Whether it has more operations than its socket's attachment holds: the others are kept in storage. */
  readonly spills: boolean;
}

/** Whom its tokens speak for. */
export type EvictableUser = Pick<EvictableClient, "userId" | "userWorkspaceId">;

/** Events of this are rare. */
export const QUIET_OBJECT = "note";

const MAX_BATCH_BYTES = 256 * 1024;
/** Two operations with these fill an attachment. */
const BALLAST_BYTES = 5_000;
const WAIT_MS = 10_000;

/** A caller with a few operations that it never gives up, on one socket after another. */
export class EvictableClient {
  readonly userId = crypto.randomUUID();
  readonly userWorkspaceId: string;
  readonly spills: boolean;
  readonly operations: readonly ChaosOperation[];
  /** What the protocol does not know, in words. */
  readonly wrong: string[] = [];
  /** Epoch ms, in whole seconds. */
  issuedAt = Math.floor(Date.now() / 1000) * 1000 - 3_000_000;
  /** What ends the right of the open socket to any data. */
  ends: { revokedAt: number | undefined; expiresAt: number } = NO_ENDS;
  readonly #options: EvictableClientOptions;
  readonly #isRelayed: boolean;
  readonly #batches: boolean;
  /** Comes with the variables of each operation. */
  readonly #ballast: string;
  #socket: WorkerdSocket | undefined;
  /** Operations that the server has said it ended, by the ids that they had. */
  readonly #ended = new Map<string, ChaosOperation>();

  constructor(options: EvictableClientOptions) {
    const { traffic, random } = options;
    this.#options = options;
    this.userWorkspaceId = traffic.newReader();
    this.#isRelayed = random.chance(0.4);
    this.#batches = random.chance(0.5);
    this.spills = options.spills;
    this.#ballast = options.spills ? "x".repeat(BALLAST_BYTES) : "";
    // One that asks for everything notices whatever is wrong; one that hears next to nothing lives by the positions it is told.
    const inputs = [
      {},
      { objectNameSingular: QUIET_OBJECT },
      { logsFor: this.userWorkspaceId },
      ...Array.from({ length: random.between(0, 2) }, () => traffic.newInput()),
    ];
    this.operations = inputs.map((input, i) => new ChaosOperation(`op${i}`, traffic.log, input, true));
  }

  get isLive(): boolean {
    return this.operations.every(({ model }) => model.isLive);
  }

  hasReached(head: number): boolean {
    return this.isLive && this.operations.every(({ model }) => (model.cursor ?? -1) >= head);
  }

  /** @param logFloor how far back the log no longer reaches: whoever begins before it must be told a gap */
  async connect(logFloor = 0): Promise<void> {
    const token = await this.#options.token(this, this.issuedAt);
    const protocol = this.#batches ? "graphql-transport-ws.batch" : "graphql-transport-ws";
    const socket = await WorkerdSocket.open(this.#isRelayed ? undefined : token, {
      "Sec-WebSocket-Protocol": protocol,
    });
    socket.send({ type: "connection_init", ...(this.#isRelayed && { payload: { token } }) });
    const ack = (await socket.next()) as Frame;
    if (ack.type !== "connection_ack") this.wrong.push(`instead of an ack: ${JSON.stringify(ack)}`);
    this.#socket = socket;
    this.#ended.clear();
    this.ends = { ...NO_ENDS };
    for (const operation of this.operations) this.#subscribe(operation, logFloor);
  }

  /** How the object closed its socket, if it did and nothing has come of it yet. */
  get closed(): WorkerdSocket["closed"] {
    return this.#socket?.closed;
  }

  /** Ends an operation and takes it up again where it was, or after a position that the log does not know. */
  async beginAnew(operation: ChaosOperation, unknown?: string): Promise<void> {
    this.#socket?.send({ type: "complete", id: operation.id });
    await this.settle();
    if (this.closed !== undefined) return;
    this.#ended.set(operation.id, operation);
    this.#subscribe(operation, 0, unknown);
  }

  /** Reads everything that the object has said so far, or until it closed the socket. */
  async settle(): Promise<void> {
    for (const frame of (await this.#socket?.drainOrClosed()) ?? []) this.#dispatch(frame);
  }

  /** What the object has said until nothing is replayed any more, for `takeUpTo`. */
  async drainReplays(): Promise<readonly unknown[]> {
    const socket = this.#socket;
    const frames: unknown[] = [];
    if (socket === undefined) return frames;
    const endsAt = Date.now() + WAIT_MS;
    const isToldOf = (id: string) =>
      frames.flat().some((frame) => (frame as Frame).type === "ping" && operationIdOf(frame as Frame) === id);
    for (;;) {
      frames.push(...(await socket.drain()));
      const isDone = this.operations.every(({ id, model }) => model.isLive || isToldOf(id));
      if (isDone || Date.now() > endsAt) return frames;
      // Asked without a pause, the object would never come to its timers: here nothing of it is on a wire.
      await scheduler.wait(1);
    }
  }

  /**
   * Hears of each operation only what comes up to an offset, as if no more had been sent.
   * @returns the operations that are in the middle of their replay by that, with their offsets
   */
  takeUpTo(frames: readonly unknown[], offsets: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    const cut = new Map<string, number>();
    for (const frame of frames.flat() as Frame[]) {
      const id = operationIdOf(frame) ?? "";
      const { extensions, position } = frame.payload ?? {};
      const offset = offsetOf(extensions?.position ?? position?.position ?? "");
      const upTo = offsets.get(id);
      // Told a gap, it is live and has no replay.
      if (upTo !== undefined && offset > upTo) cut.set(id, upTo);
      else if (!cut.has(id)) this.#dispatch(frame);
    }
    return cut;
  }

  /** Reads what is there already. */
  read(): void {
    for (const frame of this.#socket?.take() ?? []) this.#dispatch(frame);
  }

  /** Reads until something is true, or for long enough. */
  async readUntil(isTrue: () => boolean): Promise<boolean> {
    const endsAt = Date.now() + WAIT_MS;
    for (;;) {
      this.read();
      if (isTrue() || Date.now() > endsAt) return isTrue();
      await scheduler.wait(1);
    }
  }

  /** Goes away; what has not been read by then is lost with the socket. */
  drop(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  async refresh(): Promise<void> {
    const accessToken = await this.#options.token(this, this.issuedAt);
    this.#socket?.send({ type: "ping", payload: { accessToken } });
  }

  /** Sees the socket end, for the right reason; what came by then counts. */
  async mustEnd(reason: string): Promise<void> {
    const closed = await this.#socket?.untilClosed().catch(() => undefined);
    this.read();
    if (closed?.code !== 4403 || closed.reason !== reason) {
      this.wrong.push(`closed ${JSON.stringify(closed)} instead of 4403 ${reason}`);
    }
    this.drop();
  }

  #subscribe(operation: ChaosOperation, logFloor: number, unknown?: string): void {
    const { position } = operation;
    const isBehind = position !== undefined && offsetOf(position) < logFloor;
    const payload = operation.subscribe(isBehind || unknown !== undefined ? "once" : "none", unknown ?? position);
    const variables = { ...payload.variables, ballast: this.#ballast };
    this.#socket?.send({ type: "subscribe", id: operation.id, payload: { ...payload, variables } });
  }

  #dispatch(frame: unknown): void {
    if (Array.isArray(frame)) this.#checkBatch(frame);
    for (const message of (Array.isArray(frame) ? frame : [frame]) as Frame[]) {
      const id = operationIdOf(message);
      const operation = this.operations.find((candidate) => candidate.id === id);
      const ended = id === undefined ? undefined : this.#ended.get(id);
      if (operation?.take(message, this.ends, this.#options.floor())) continue;
      if (ended !== undefined) ended.model.cameAfterEnd();
      else if (id !== undefined || message.type !== "pong") this.wrong.push(JSON.stringify(message).slice(0, 500));
    }
  }

  #checkBatch(messages: readonly unknown[]): void {
    const bytes = JSON.stringify(messages).length;
    if (!this.#batches || messages.length < 2 || bytes > MAX_BATCH_BYTES) {
      this.wrong.push(`an array of ${messages.length} messages and ${bytes} bytes (batches: ${this.#batches})`);
    }
  }
}

const NO_ENDS = { revokedAt: undefined, expiresAt: Number.POSITIVE_INFINITY };
