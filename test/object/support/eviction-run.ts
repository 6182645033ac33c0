import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { SocketState } from "../../../durable-objects/attachment.ts";
import { parseRevocation } from "../../../src/core/revocation.ts";
import { offsetOf } from "../../chaos/accepted-log.ts";
import { Random } from "../../chaos/random.ts";
import { type ChaosMessage, Traffic } from "../../chaos/traffic.ts";
import { totalsOf, type Verdict, wrongIn } from "../../chaos/verdict.ts";
import { EvictableClient, type EvictableUser, QUIET_OBJECT } from "./evictable-client.ts";
import { RefusingStorage } from "./refusing-storage.ts";
import { changeStoredState, storedState, withCursors } from "./stored-state.ts";
import { newWorkspace } from "./workspace.ts";

const CLIENTS = 4;
/** A page of a replay has 100 rows: these are some pages, and more than a small log keeps. */
const MISSED_CALLS = { least: 2, most: 6 };
const MESSAGES_PER_MISSED_CALL = 90;
const CALLS_OF_A_WAKE = 2;
const STEPS_PER_CHECK = 10;
const RECENT_CALLS = 40;
const CALLS_TO_TRIM = 6;
const MOST_EVENTS_OF_A_ROW = 3;
/** How many of the messages are logs of functions, for some users only. */
const LOGS = 0.1;

/** How often each happens, relative to the others. */
const WEIGHTS = {
  evicted: 10,
  "evicted while publishing": 10,
  dropped: 10,
  refreshed: 6,
  revoked: 6,
  expired: 6,
  "published twice": 10,
  "queued, reordered and delivered twice": 10,
  "operation begun anew": 8,
  "begun after an unknown position": 4,
  "replay cut by an eviction": 2,
  "storage refuses writes": 4,
} as const;

type Fault = keyof typeof WEIGHTS;

export interface EvictionFigures {
  readonly counts: Readonly<Record<string, number>>;
  readonly published: number;
  readonly totals: Verdict;
  /** Gaps that were told, and justified. */
  readonly gaps: number;
  /** All else that must not be, each told in words. */
  readonly wrong: readonly string[];
}

export interface EvictionOptions {
  readonly seed: number;
  readonly steps: number;
  /** `LOG_MAX_EVENTS`, where the log lets go of everything older at once: gaps are justified then. */
  readonly keptEvents?: number;
}

/** One workspace in a run of evictions. One step is over before the next begins, but for what the object does by itself. */
export class EvictionRun {
  readonly #options: EvictionOptions;
  readonly #random: Random;
  readonly #workspace = newWorkspace();
  readonly #traffic: Traffic;
  readonly #clients: readonly EvictableClient[];
  readonly #refusingStorage: RefusingStorage;
  readonly #counts: Record<string, number> = {};
  readonly #wrong: string[] = [];
  /** How many events each publish call had. */
  readonly #callEvents: number[] = [];

  constructor(options: EvictionOptions) {
    this.#options = options;
    const random = new Random(options.seed);
    const traffic = new Traffic(this.#workspace.workspaceId, new Random(options.seed + 1));
    this.#random = random;
    this.#traffic = traffic;
    this.#clients = Array.from({ length: CLIENTS }, (_, i) => {
      const token = ({ userId, userWorkspaceId }: EvictableUser, now: number) =>
        this.#workspace.token({ userId, userWorkspaceId, now, expiresInSeconds: 100_000 });
      return new EvictableClient({ traffic, random, token, floor: () => this.#mostForgotten, spills: i % 2 === 1 });
    });
    this.#refusingStorage = new RefusingStorage({
      ...{ workspace: this.#workspace, traffic, random, clients: this.#clients, wrong: this.#wrong },
      newMessages: () => this.#newMessages(),
      logFloor: () => this.#logFloor(),
      count: (what) => this.#count(what),
    });
  }

  async run(): Promise<EvictionFigures> {
    const { steps, keptEvents } = this.#options;
    for (const client of this.#clients) await client.connect();
    for (let step = 0; step < steps; step++) {
      if (this.#random.chance(0.5)) await this.#publishSome();
      else await this.#cause(this.#random.weighted(WEIGHTS));
      for (const client of this.#clients) {
        client.read();
        if (client.closed !== undefined) this.#wrong.push(`a socket was closed ${JSON.stringify(client.closed)}`);
      }
      this.#checkPositions();
      if (keptEvents !== undefined && step % STEPS_PER_CHECK === 0) await this.#checkQuiet(keptEvents);
    }
    if (keptEvents !== undefined) await this.#checkFloor(keptEvents);
    await this.#publishSome();
    await this.#settle("on the sockets that were left");
    for (const client of this.#clients) {
      client.drop();
      await client.connect(await this.#logFloor());
    }
    await this.#settle("after the last connect");
    return this.#judge();
  }

  async #cause(fault: Fault): Promise<void> {
    const random = this.#random;
    const client = random.pick(this.#clients);
    this.#count(fault);
    switch (fault) {
      case "evicted":
        // What was just sent arrives first.
        await this.#workspace.stub.inspect();
        return evictDurableObject(this.#workspace.stub);
      case "evicted while publishing": {
        const publishing = this.#publishSome();
        await this.#evict();
        return publishing;
      }
      case "dropped":
        client.drop();
        if (random.chance(0.7)) await this.#publishSome();
        if (random.chance(0.2)) await this.#publishMany();
        if (random.chance(0.3)) await this.#evict();
        return client.connect(await this.#logFloor());
      case "refreshed":
        return client.refresh();
      case "revoked":
        return this.#revoke(client);
      case "expired":
        return this.#expire(client);
      case "published twice":
        return this.#publishAgain();
      case "queued, reordered and delivered twice":
        return this.#deliverTwice();
      case "operation begun anew":
        return client.beginAnew(random.pick(client.operations));
      case "begun after an unknown position":
        return this.#beginAfterUnknown(client);
      case "replay cut by an eviction":
        // What it forgets is changed in attachments only.
        return this.#cutReplay(random.pick(this.#clients.filter(({ spills }) => !spills)));
      case "storage refuses writes":
        // Until it was written to there is none.
        await this.#publishSome();
        return this.#refusingStorage.refuse();
    }
  }

  async #publish(messages: readonly ChaosMessage[], isAgain = false): Promise<void> {
    const results = await this.#workspace.send(...messages.map(({ body }) => body));
    this.#callEvents.push(messages.reduce((sum, { events }) => sum + events.length, 0));
    for (const [i, message] of messages.entries()) {
      if (!this.#traffic.answered(message, results[i], isAgain)) this.#wrong.push(`not published: ${message.id}`);
    }
  }

  #publishSome(): Promise<void> {
    return this.#publish(this.#newMessages());
  }

  #newMessages(): ChaosMessage[] {
    const count = this.#random.between(1, 4);
    const shape = this.#random.chance(0.02) ? { object: QUIET_OBJECT } : {};
    const newMessage = () =>
      this.#random.chance(LOGS)
        ? this.#traffic.newLog()
        : this.#traffic.newMessage(this.#random.between(1, MOST_EVENTS_OF_A_ROW), shape);
    return Array.from({ length: count }, newMessage);
  }

  /** More than a page of a replay. */
  async #publishMany(): Promise<void> {
    const { least, most } = MISSED_CALLS;
    for (let call = this.#random.between(least, most); call > 0; call--) {
      await this.#publish(Array.from({ length: MESSAGES_PER_MISSED_CALL }, () => this.#traffic.newMessage(1)));
    }
  }

  async #publishAgain(): Promise<void> {
    const message = this.#traffic.oldMessage();
    if (message !== undefined) await this.#publish([message], true);
  }

  /** As a queue does: out of order, then two deliveries at once, each with some of the other's messages. */
  async #deliverTwice(): Promise<void> {
    const { sendFromQueue, deliverFromQueue } = this.#workspace;
    const [a, b] = [this.#traffic.newMessage(2), this.#traffic.newMessage(1)];
    const job = { job: "PublishEntityEvents", data: b.body, id: "job" };
    for (const [i, result] of (await sendFromQueue(job, a.body)).entries())
      this.#traffic.answered(i === 0 ? b : a, result);
    const settled = await Promise.all([deliverFromQueue(a.body, job), deliverFromQueue(job)]);
    if (settled.flat().some((how) => how !== "ack")) this.#wrong.push(`the queue was answered ${settled.join(", ")}`);
  }

  async #revoke(client: EvictableClient): Promise<void> {
    client.read();
    const revocation = parseRevocation({ userId: client.userId, before: client.issuedAt / 1000 }, Date.now());
    await this.#workspace.stub.revoke(revocation);
    client.ends.revokedAt = this.#traffic.log.head;
    client.issuedAt += 1000;
    await this.#publishSome();
    await client.mustEnd("Revoked");
    await client.connect(await this.#logFloor());
  }

  /** Lets the token of a socket expire in hibernation, without an alarm that says so. */
  async #expire(client: EvictableClient): Promise<void> {
    await client.settle();
    await this.#evict();
    const expiresAt = Math.floor(Date.now() / 1000);
    await this.#changeStates(client, (state) => ({ ...state, principal: { ...state.principal, expiresAt } }));
    await this.#evict();
    // What was written before that may have been sent before it too: the token's second began earlier.
    await scheduler.wait(2);
    client.ends.expiresAt = Date.now();
    // The log of a function alone may be for others, and then nothing makes the object look at this client.
    await this.#publish([this.#traffic.newMessage(1)]);
    await client.mustEnd("Token expired");
    await client.connect(await this.#logFloor());
  }

  async #beginAfterUnknown(client: EvictableClient): Promise<void> {
    const operation = this.#random.pick(client.operations);
    const [workspace, epoch] = operation.position?.split(".") ?? [];
    if (workspace === undefined) return;
    const ahead = `${workspace}.${epoch}.${this.#traffic.log.head + this.#random.between(1, 50)}`;
    const ofAnotherEpoch = `${workspace}.${"0".repeat(12)}.1`;
    await client.beginAnew(operation, this.#random.chance(0.5) ? ahead : ofAnotherEpoch);
    await client.readUntil(() => operation.model.isLive);
  }

  /**
   * Leaves a replay of some pages in the middle, as an eviction between two pages would; publishing is what wakes the
   * object then. The harness evicts only what has come to rest, so the client forgets what came after that page, and so
   * does the object.
   */
  async #cutReplay(client: EvictableClient): Promise<void> {
    client.read();
    client.drop();
    await this.#publishMany();
    await client.connect(await this.#logFloor());
    const frames = await client.drainReplays();
    const from = Math.max(this.#mostForgotten, this.#traffic.log.head - MESSAGES_PER_MISSED_CALL * MISSED_CALLS.least);
    const cursors = new Map(
      client.operations.map(({ id }) => [id, this.#random.between(from, this.#traffic.log.head - 1)]),
    );
    const inTheMiddle = client.takeUpTo(frames, cursors);
    await this.#evict();
    await this.#changeStates(client, (state) => withCursors(state, (id) => inTheMiddle.get(id)), inTheMiddle.size > 0);
    await this.#evict();
    if (inTheMiddle.size > 0) this.#count("evicted in the middle of a replay");
    for (let call = 0; call < CALLS_OF_A_WAKE; call++) await this.#publishSome();
    await client.readUntil(() => client.isLive);
  }

  /** Changes the stored state of a client's sockets, which sleep no longer where they read the log then. */
  async #changeStates(
    client: EvictableClient,
    change: (state: SocketState) => SocketState,
    readsLog = false,
  ): Promise<void> {
    await runInDurableObject(this.#workspace.stub, (_, state) => {
      for (const socket of state.getWebSockets()) {
        const { principal } = storedState(socket) ?? {};
        if (principal?.kind !== "user" || principal.userId !== client.userId) continue;
        changeStoredState(socket, change, (sleep) => (readsLog ? undefined : sleep));
      }
    });
  }

  /** It may not be there. */
  async #evict(): Promise<void> {
    await evictDurableObject(this.#workspace.stub).catch(() => undefined);
  }

  /** The offset that the log may have let go of at most: its newest events stay, whatever their age. */
  get #mostForgotten(): number {
    const { keptEvents = Number.POSITIVE_INFINITY } = this.#options;
    return Math.max(0, this.#traffic.log.head - keptEvents);
  }

  /** How far back the log no longer reaches now. */
  async #logFloor(): Promise<number> {
    const { log } = await this.#workspace.stub.inspect();
    const floor = log === undefined ? 0 : offsetOf(log.from);
    if (floor > this.#mostForgotten)
      this.#wrong.push(`the log begins after ${floor}, and ends at ${this.#traffic.log.head}`);
    return floor;
  }

  /** Nobody is told more than there is. */
  #checkPositions(): void {
    for (const { operations } of this.#clients) for (const { model } of operations) model.check(this.#traffic.log.head);
  }

  /** Whoever is live is told its position again before a quarter of the retention has passed, however little it receives. */
  async #checkQuiet(keptEvents: number): Promise<void> {
    // Counted by calls: one is at the beginning of the quarter, one at its end.
    const slack = 2 * Math.max(0, ...this.#callEvents.slice(-RECENT_CALLS));
    for (const client of this.#clients) {
      await client.settle();
      for (const { model, story } of client.operations) {
        const { isLive, cursor = 0 } = model;
        if (!isLive || this.#traffic.log.head - cursor <= keptEvents / 4 + slack) continue;
        this.#wrong.push(`at ${this.#traffic.log.head} one was last told ${cursor}: ${story.slice(-5).join(", ")}`);
      }
    }
  }

  /** Nothing is kept for longer than the setting says, once something more is published. */
  async #checkFloor(keptEvents: number): Promise<void> {
    for (let call = 0; call < CALLS_TO_TRIM; call++) {
      await scheduler.wait(2);
      await this.#publishSome();
    }
    const floor = await this.#logFloor();
    // The row in which the boundary lies stays.
    if (floor < this.#mostForgotten - MOST_EVENTS_OF_A_ROW) {
      this.#wrong.push(`the log begins after ${floor}, and should have let go of about ${this.#mostForgotten}`);
    }
    if (floor > keptEvents) this.#count("logs that let go of something");
    const bodies = await runInDurableObject(this.#workspace.stub, (_, { storage: { sql } }) =>
      sql.exec("SELECT last_offset FROM log WHERE last_offset <= ? AND body IS NOT NULL", floor).toArray(),
    );
    if (bodies.length > 0) this.#wrong.push(`bodies that the log has let go of are there: ${bodies.length}`);
  }

  async #settle(when: string): Promise<void> {
    const { head } = this.#traffic.log;
    for (const client of this.#clients) {
      await client.readUntil(() => client.isLive);
      await client.settle();
      if (!client.isLive) this.#wrong.push(`a client is not live ${when}`);
    }
    this.#checkPositions();
    const late = this.#clients.flatMap(({ operations }) => operations).filter(({ model }) => model.verdict().lost > 0);
    for (const { story } of late)
      this.#wrong.push(`not all of ${head} events came ${when}: ${story.slice(-10).join(", ")}`);
  }

  #judge(): EvictionFigures {
    const { log, wrongAnswers, published } = this.#traffic;
    this.#wrong.push(...log.contradictions, ...wrongAnswers, ...this.#clients.flatMap(({ wrong }) => wrong));
    if (log.holes().length > 0) this.#wrong.push(`offsets that nobody was answered: ${log.holes()}`);
    const operations = this.#clients.flatMap((client) => client.operations);
    const verdicts = operations.map(({ model, story }) => {
      const verdict = model.verdict();
      const wrong = wrongIn(verdict);
      if (Object.keys(wrong).length > 0)
        this.#wrong.push(JSON.stringify({ wrong, input: model.input, story: story.slice(-30) }));
      return verdict;
    });
    const gaps = operations.reduce((sum, { model }) => sum + model.gaps, 0);
    return { counts: this.#counts, published, totals: totalsOf(verdicts), gaps, wrong: this.#wrong };
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }
}
