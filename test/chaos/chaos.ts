import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Input } from "./accepted-log.ts";
import { ChaosClient } from "./chaos-client.ts";
import { Faults } from "./faults.ts";
import { KillableGateway } from "./killable-gateway.ts";
import { CLIENT_KINDS, type ClientKind } from "./line.ts";
import { Publishing } from "./publishing.ts";
import { Random } from "./random.ts";
import { type Figures, figuresOf } from "./report.ts";
import { Rights } from "./rights.ts";
import { sleep, until } from "./sleep.ts";
import { SlowReaders } from "./slow-readers.ts";
import { Tally } from "./tally.ts";
import { Traffic } from "./traffic.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** Ends after this many faults. */
  readonly faults: number;
  /** Ends after this time, whatever happened by then. */
  readonly minutes: number;
  readonly onProgress?: (faults: number) => void;
}

const WORKSPACES = 4;
const CLIENTS = 24;
/** Clients without resume, on top: between two of their events on one socket nothing may be missing either. */
const PLAIN_CLIENTS = 4;
/** Clients that are made slow, on top; all in one workspace. */
const SLOW_KINDS: readonly ClientKind[] = ["relayed", "direct", "sse", "relayed"];
const FAULT_PAUSE_MS = 16;
/** More often, and nobody would be connected for long enough to be hurt by anything else. */
const FAULTS_PER_KILL = 200;
/** How likely one that is due comes at once although a reader is slow. */
const KILL_IN_SLOWNESS = 0.002;
const QUIET_MS = 60_000;

class Chaos {
  readonly #options: ChaosOptions;
  readonly #random: Random;
  readonly #tally = new Tally();
  readonly #gateway: KillableGateway;
  readonly #traffics: readonly Traffic[];
  readonly #clients: readonly ChaosClient[];
  readonly #publishing: Publishing;
  readonly #rights: ReadonlyMap<string, Rights>;
  readonly #faults: Faults;
  readonly #slowReaders: SlowReaders;
  readonly #startedAt = Date.now();

  constructor(options: ChaosOptions, storageDir: string) {
    const [random, tally] = [new Random(options.seed), this.#tally];
    this.#options = options;
    this.#random = random;
    const gateway = new KillableGateway(storageDir);
    this.#gateway = gateway;
    this.#traffics = Array.from({ length: WORKSPACES }, () => {
      return new Traffic(crypto.randomUUID(), new Random(random.below(2 ** 32)));
    });
    const clients = Array.from({ length: CLIENTS + PLAIN_CLIENTS }, (_, i) => this.#newClient(i));
    const slow = SLOW_KINDS.map((kind, i) => this.#newSlowClient(kind, i));
    this.#clients = [...clients, ...slow];
    const publishing = new Publishing(gateway, random, tally);
    this.#publishing = publishing;
    const rights = new Map(this.#traffics.map(({ workspaceId }) => [workspaceId, new Rights(gateway, workspaceId)]));
    this.#rights = rights;
    const context = { clients: this.#clients, leftAlone: new Set<ChaosClient>(), gateway, publishing, random, tally };
    this.#faults = new Faults({ ...context, rights });
    this.#slowReaders = new SlowReaders(slow, context);
  }

  async run(): Promise<Figures> {
    await this.#gateway.start();
    try {
      await Promise.all(this.#traffics.map(({ workspaceId }) => this.#beginRights(workspaceId)));
      await Promise.all(this.#clients.map((client) => client.connect()));
      this.#publishing.start(this.#traffics);
      this.#slowReaders.start();
      await this.#breakThings();
      await this.#slowReaders.stop();
      await this.#faults.settled();
      await this.#publishing.stop();
      await this.#quiesce();
    } finally {
      for (const client of this.#clients) client.stop();
      await this.#gateway.kill();
    }
    return figuresOf({
      seed: this.#options.seed,
      seconds: Math.round((Date.now() - this.#startedAt) / 1000),
      tally: this.#tally,
      traffics: this.#traffics,
      clients: this.#clients,
      slowReaders: this.#slowReaders,
      uncaught: this.#gateway.uncaught,
    });
  }

  #newClient(i: number): ChaosClient {
    const random = this.#random;
    const traffic = random.pick(this.#traffics);
    const kind = CLIENT_KINDS[i % CLIENT_KINDS.length] ?? "direct";
    const inputs = Array.from({ length: kind === "sse" ? 1 : random.between(1, 3) }, (_, n) =>
      n === 0 && i % 4 === 0 ? {} : traffic.newInput(),
    );
    const userWorkspaceId = traffic.newReader();
    // Function logs are one operation of every fourth, over each kind of line.
    if (i % 4 === 1) inputs.splice(0, 1, { logsFor: userWorkspaceId });
    // And so are event streams.
    if (i % 4 === 2 && i < CLIENTS) inputs.splice(0, 1, { queries: traffic.newQueries() });
    return this.#client(traffic, kind, inputs, { userWorkspaceId, batches: i % 2 === 0, resumes: i < CLIENTS });
  }

  #newSlowClient(kind: ClientKind, i: number): ChaosClient {
    const [traffic = this.#random.pick(this.#traffics)] = this.#traffics;
    const userWorkspaceId = traffic.newReader();
    return this.#client(traffic, kind, [{}], { userWorkspaceId, batches: i % 2 === 0, resumes: true });
  }

  #client(
    traffic: Traffic,
    kind: ClientKind,
    inputs: readonly Input[],
    how: { readonly userWorkspaceId: string; readonly batches: boolean; readonly resumes: boolean },
  ): ChaosClient {
    const userId = crypto.randomUUID();
    return new ChaosClient({
      ...{ traffic, kind, inputs, userId, ...how },
      url: () => this.#gateway.client.wsUrl,
      token: (issuedAt, expiresAt) => {
        const life = { now: issuedAt * 1000, expiresInSeconds: expiresAt - issuedAt };
        return this.#gateway.client.token(traffic.workspaceId, {
          userId,
          userWorkspaceId: how.userWorkspaceId,
          ...life,
        });
      },
      head: () => this.#gateway.headOf(traffic.workspaceId),
      // Long ago, so that there is a newer second for each revoke.
      issuedAt: Math.floor(Date.now() / 1000) - 20_000,
      count: this.#tally.count,
    });
  }

  async #beginRights(workspaceId: string): Promise<void> {
    const here = this.#clients.filter(({ traffic }) => traffic.workspaceId === workspaceId);
    await this.#rights.get(workspaceId)?.begin(here.map(({ options }) => options.userWorkspaceId));
  }

  async #breakThings(): Promise<void> {
    const { faults, minutes, onProgress } = this.#options;
    const endsAt = this.#startedAt + minutes * 60_000;
    let killsDue = 0;
    for (let done = 1; done <= faults && Date.now() < endsAt; done++) {
      if (done % FAULTS_PER_KILL === 0) killsDue++;
      if (killsDue > 0 && (!this.#slowReaders.isBusy || this.#random.chance(KILL_IN_SLOWNESS))) {
        killsDue--;
        this.#tally.happened("kill -9");
        await this.#gateway.killAndStart(() => this.#checkPositions());
      } else this.#faults.cause();
      if (done % 500 === 0) onProgress?.(done);
      await sleep(FAULT_PAUSE_MS);
    }
  }

  /** Everything that anybody was told before a kill must be there afterwards. */
  async #checkPositions(): Promise<void> {
    for (const { workspaceId } of this.#traffics) {
      const head = await this.#gateway.headOf(workspaceId);
      const here = this.#clients.filter(({ traffic }) => traffic.workspaceId === workspaceId);
      for (const { operations } of here) for (const { model } of operations) model.check(head);
    }
  }

  /** Lets every client connect once more and catch up to the head. */
  async #quiesce(): Promise<void> {
    for (const client of this.#clients) client.cut("close");
    const behind = () => this.#clients.filter((client) => !client.hasReached(client.traffic.log.head));
    await until(() => behind().length === 0, QUIET_MS);
    for (const { operations, traffic, options } of behind()) {
      const cursors = operations.map(({ model }) => model.cursor ?? "nothing").join(", ");
      this.#tally.wrong.push(`a client (${options.kind}) is at ${cursors} and never reached ${traffic.log.head}`);
    }
    // What comes too late would come now.
    await sleep(500);
    await this.#checkPositions();
  }
}

export async function runChaos(options: ChaosOptions): Promise<Figures> {
  const storageDir = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
  try {
    return await new Chaos(options, storageDir).run();
  } finally {
    await rm(storageDir, { recursive: true, force: true });
  }
}
