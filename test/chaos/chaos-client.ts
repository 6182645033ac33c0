import type { Input } from "./accepted-log.ts";
import { ChaosOperation } from "./chaos-operation.ts";
import { addQueries } from "./event-stream.ts";
import { type Frame, operationIdOf } from "./frame.ts";
import type { ClientKind, Line, LineOptions } from "./line.ts";
import { SocketLine } from "./socket-line.ts";
import { SseLine } from "./sse-line.ts";
import type { Traffic } from "./traffic.ts";

export interface ChaosClientOptions {
  readonly traffic: Traffic;
  /** Of the gateway's `/graphql`, which moves when the gateway is started again. */
  readonly url: () => string;
  /** A token of this client's user, from one epoch second to another. */
  readonly token: (issuedAt: number, expiresAt: number) => Promise<string>;
  /** The head of its workspace's log. */
  readonly head: () => Promise<number>;
  readonly issuedAt: number;
  readonly userId: string;
  readonly userWorkspaceId: string;
  readonly kind: ClientKind;
  readonly batches: boolean;
  readonly resumes: boolean;
  /** One operation each; one alone over SSE. */
  readonly inputs: readonly Input[];
  /** Counts what happens, by name. */
  readonly count: (what: string) => void;
}

/** How a connection went away by itself. */
export interface Gone {
  readonly code: number;
  readonly reason: string;
}

/** One connection of a client. */
export interface Live {
  readonly line: Line;
  isReady: boolean;
  revokedAt: number | undefined;
  narrowedAt: number | undefined;
  /** Epoch ms. */
  expiresAt: number;
  /** When the newer tokens expire that were brought over it, epoch ms. */
  readonly brought: Set<number>;
  resumeReading: ReturnType<typeof setTimeout> | undefined;
  gone: Gone | undefined;
  /** When something last came, epoch ms. */
  heardAt: number;
  /** Operations that were ended on it, by the ids that they had. */
  readonly ended: Map<string, ChaosOperation>;
  /** Those of them of which nothing may come any more. */
  readonly silent: Set<string>;
}

const LIFE_SECONDS = 86_400;
const RECONNECT_MS = 10;
const FAR_AHEAD = 1_000_000_000;
const NO_EPOCH = "0".repeat(12);
/** Closes that a client may see here: killed, restarted, overloaded, revoked or expired. */
const EXPECTED_CODES = new Set([1006, 1012, 1013, 4403]);
/** The same of a response: it ended, was cut off, or was refused. */
const EXPECTED_STATUSES = new Set([1000, 1006, 401, 503]);

/** A client that comes back whenever its connection is gone, and goes on after the last position that it processed. */
export class ChaosClient {
  readonly options: ChaosClientOptions;
  readonly operations: readonly ChaosOperation[];
  readonly errors: string[] = [];
  #live: Live | undefined;
  #issuedAt: number;
  #lifeSeconds: number | undefined;
  #refreshed = 0;
  #isStopped = false;
  #isConnecting = false;
  #isNarrow = false;
  /** Operations whose event streams have their queries, or are about to. */
  readonly #asked = new Set<ChaosOperation>();

  constructor(options: ChaosClientOptions) {
    const { traffic, inputs, resumes, issuedAt } = options;
    this.options = options;
    this.#issuedAt = issuedAt;
    this.operations = inputs.map((input, i) => new ChaosOperation(`op${i}`, traffic.log, input, resumes));
  }

  get traffic(): Traffic {
    return this.options.traffic;
  }

  /** The epoch second its tokens are of. */
  get issuedAt(): number {
    return this.#issuedAt;
  }

  get current(): Live | undefined {
    return this.#live;
  }

  get isReady(): boolean {
    return this.#live?.isReady ?? false;
  }

  /** Whether everything up to a head was received, or is known not to concern it. */
  hasReached(head: number): boolean {
    const models = this.operations.map(({ model }) => model);
    return this.isReady && models.every(({ resumes, isLive, cursor = -1 }) => !resumes || (isLive && cursor >= head));
  }

  async connect(): Promise<void> {
    if (this.#isStopped || this.#isConnecting || this.#live !== undefined) return;
    this.#isConnecting = true;
    const { kind, count } = this.options;
    const seconds = Math.floor(Date.now() / 1000) + (this.#lifeSeconds ?? LIFE_SECONDS);
    this.#lifeSeconds = undefined;
    const options = await this.lineOptions(seconds);
    this.#isConnecting = false;
    const live = {
      isReady: false,
      revokedAt: undefined,
      narrowedAt: this.#isNarrow ? -1 : undefined,
      resumeReading: undefined,
      gone: undefined,
      heardAt: Date.now(),
    };
    const events = {
      count,
      ready: () => this.#begin(connection),
      message: (frame: Frame) => this.#receive(connection, frame),
      gone: (how: Gone) => this.#lost(connection, how),
      wrong: (what: string) => this.errors.push(what),
    };
    const line = kind === "sse" ? new SseLine(options, events) : new SocketLine(options, events);
    const expiresAt = seconds * 1000;
    const connection: Live = { ...live, line, expiresAt, brought: new Set(), ended: new Map(), silent: new Set() };
    this.#live = connection;
  }

  /** How it connects with the token that it has now, up to an epoch second. */
  async lineOptions(expiresAt = Math.floor(Date.now() / 1000) + LIFE_SECONDS): Promise<LineOptions> {
    const { url, kind, batches, token } = this.options;
    const signed = await token(this.#issuedAt, expiresAt);
    return { url: url(), token: signed, kind, batches };
  }

  /** What has not been processed by now is lost with the connection. */
  cut(how: "terminate" | "close"): void {
    const live = this.#live;
    if (live === undefined) return;
    live.line.cut(how);
    this.#forget(live);
  }

  /** Comes back with a token of a short life. */
  shorten(lifeSeconds: number): void {
    this.#lifeSeconds = lifeSeconds;
    this.cut("close");
  }

  /** Stops reading for a while. */
  pause(ms: number): boolean {
    const live = this.#live;
    if (live === undefined || !live.isReady || live.resumeReading !== undefined) return false;
    for (const { model } of this.operations) model.slow();
    live.line.pause();
    live.resumeReading = setTimeout(() => this.readOn(), ms);
    return true;
  }

  /** Ends a pause. */
  readOn(): void {
    const live = this.#live;
    if (live === undefined) return;
    clearTimeout(live.resumeReading);
    live.resumeReading = undefined;
    live.line.resume();
  }

  /** Brings a newer token over the open socket. */
  async refresh(): Promise<void> {
    const live = this.#live;
    this.#refreshed++;
    const expiresAt = this.#issuedAt + LIFE_SECONDS + this.#refreshed;
    const token = await this.options.token(this.#issuedAt, expiresAt);
    if (live !== this.#live || live?.isReady !== true) return;
    live.brought.add(expiresAt * 1000);
    live.line.refresh(token);
  }

  /** Ends one operation and subscribes it again on the same connection. */
  subscribeAgain(which: number, unknown?: string): void {
    const live = this.#live;
    const operation = this.#pick(which);
    if (live === undefined || operation === undefined) return;
    live.ended.set(operation.id, operation);
    live.line.complete(operation.id);
    this.#subscribe(live, operation, unknown);
  }

  /** The same after a position that no log has: it must be told a gap. Returns whether it asks for positions at all. */
  subscribeAfterUnknown(which: number, isAhead: boolean): boolean {
    const operation = this.#pick(which);
    const [workspace, epoch] = operation?.position?.split(".") ?? [];
    if (operation?.model.resumes !== true || workspace === undefined) return false;
    this.subscribeAgain(which, isAhead ? `${workspace}.${epoch}.${FAR_AHEAD}` : `${workspace}.${NO_EPOCH}.1`);
    return true;
  }

  /**
   * Was revoked: whatever the log takes from now on must not come over the connection that was open then.
   * @param live the connection of before the revoke, from `current`
   */
  revoked(live: Live | undefined, head: number, nextIssuedAt: number): void {
    this.#issuedAt = nextIssuedAt;
    // One that came in between, with the token of before, is refused by now.
    if (live !== undefined && live === this.#live) live.revokedAt ??= head;
  }

  /** Is about to be given the narrow role. */
  narrows(): void {
    for (const { model } of this.operations) model.narrows();
  }

  /** Has the narrow role since the log had this head. Every connection from here on is its alone. */
  narrowed(head: number): void {
    this.#isNarrow = true;
    if (this.#live !== undefined) this.#live.narrowedAt = head;
  }

  /** Is about to be given the wide role again. */
  widens(): void {
    this.#isNarrow = false;
    if (this.#live !== undefined) this.#live.narrowedAt = undefined;
  }

  /** Has it since the log had this head. */
  widened(head: number): void {
    for (const { model } of this.operations) model.widened(head);
  }

  stop(): void {
    this.#isStopped = true;
    this.cut("terminate");
  }

  #begin(live: Live): void {
    if (live !== this.#live) return;
    live.isReady = true;
    for (const operation of this.operations) this.#subscribe(live, operation);
  }

  #pick(which: number): ChaosOperation | undefined {
    return this.operations[which % this.operations.length];
  }

  #subscribe({ line }: Live, operation: ChaosOperation, unknown?: string): void {
    this.options.count(operation.position === undefined ? "subscribed from now" : "resumed");
    const payload = unknown === undefined ? operation.subscribe() : operation.subscribe("once", unknown);
    line.subscribe(operation.id, payload);
  }

  #lost(live: Live, gone: Gone): void {
    if (live !== this.#live) return;
    live.gone = gone;
    const { kind, count } = this.options;
    count(`${kind === "sse" ? "response ended" : "closed by the server"} ${gone.code}`);
    const expected = kind === "sse" ? EXPECTED_STATUSES : EXPECTED_CODES;
    if (!expected.has(gone.code)) this.errors.push(`closed ${JSON.stringify(gone)}`);
    this.#forget(live);
  }

  #forget(live: Live): void {
    clearTimeout(live.resumeReading);
    this.#live = undefined;
    if (!this.#isStopped) setTimeout(() => void this.connect(), RECONNECT_MS);
  }

  #receive(live: Live, frame: Frame): void {
    if (live !== this.#live) return;
    live.heardAt = Date.now();
    const { type, payload } = frame;
    if (type === "pong" && payload?.ended !== undefined) return void live.silent.add(payload.ended);
    if (type === "pong" && payload?.tokenExpiresAt !== undefined) {
      this.options.count("refreshes answered");
      live.expiresAt = payload.tokenExpiresAt;
      if (!live.brought.has(live.expiresAt)) this.errors.push("a newer token was answered with another expiry");
      return;
    }
    const id = operationIdOf(frame);
    if (id === undefined) {
      if (payload?.tokenExpiresAt === undefined) this.errors.push(JSON.stringify(frame).slice(0, 500));
      return;
    }
    const operation = this.operations.find((candidate) => candidate.id === id);
    if (operation === undefined) return this.#receiveEnded(live, id);
    if (payload?.gap !== undefined) this.options.count(`gaps told (${this.options.kind})`);
    if (!operation.take(frame, live)) this.errors.push(JSON.stringify(frame).slice(0, 500));
    if (operation.model.input.queries !== undefined && type === "next") void this.#ask(operation);
  }

  /** Adds its queries to an event stream, which is there now that something has come of it. */
  async #ask(operation: ChaosOperation): Promise<void> {
    const { model, streamId } = operation;
    if (this.#asked.has(operation)) return;
    this.#asked.add(operation);
    try {
      await addQueries(streamId, model.input.queries ?? [], () => this.lineOptions());
      model.begins(await this.options.head());
      this.options.count("event streams with queries");
    } catch (thrown) {
      this.errors.push(String(thrown));
    }
  }

  /** What was on its way when an operation was ended may still come, until the server has said that it ended it. */
  #receiveEnded({ ended, silent }: Live, id: string): void {
    const operation = ended.get(id);
    if (operation === undefined) this.errors.push(`something for ${id}, which was never subscribed here`);
    else if (silent.has(id)) operation.model.cameAfterEnd();
  }
}
