/**
 * Breaks whatever can break between publishers and subscribers, and compares what everybody received with what was
 * published: `npm run chaos -- [--minutes N] [--faults N] [--seed S]`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { type GatewayClient, gatewayAt } from "../support/gateway.ts";
import { startWorkerd, type Workerd } from "../support/workerd.ts";
import { ChaosClient } from "./client.ts";
import { isClean, type Totals, totalsOf } from "./model.ts";
import { Random } from "./random.ts";
import { type ChaosMessage, offsetOf, Traffic } from "./traffic.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** Ends after this many faults. */
  readonly faults: number;
  /** Ends after this time, whatever happened by then. */
  readonly minutes: number;
  readonly onProgress?: (faults: number) => void;
}

export interface Figures {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What else happened, by name. */
  readonly counts: Readonly<Record<string, number>>;
  readonly published: number;
  readonly totals: Totals;
  /** All else that must not be, each told in words. */
  readonly wrong: readonly string[];
}

const WORKSPACES = 4;
const CLIENTS = 20;
/** Clients without resume, on top: between two of their events on one socket nothing may be missing either. */
const PLAIN_CLIENTS = 4;
const PUBLISHERS_PER_WORKSPACE = 2;
const PUBLISH_PAUSE_MS = 12;
const FAULT_PAUSE_MS = 16;
/** More often, and nobody would be connected for long enough to be hurt by anything else. */
const FAULTS_PER_KILL = 200;
/** What a revoke has to close a socket, and as much again for a busy machine. */
const REVOKE_MS = 2_000;
/** What the system keeps for a socket is some megabytes; only what goes past that waits in the gateway. */
const FLOOD_CALLS = 30;
const FLOOD_MESSAGES_PER_CALL = 4;
const FLOOD_BYTES = 240 * 1024;
const LONGEST_PAUSE_MS = 25_000;
const QUIET_MS = 60_000;

const FAULTS = {
  terminate: 30,
  close: 18,
  pause: 15,
  refresh: 8,
  revoke: 6,
  "subscribe again": 6,
  "duplicate publish": 10,
  "simultaneous duplicates": 6,
  "slow reader": 0.5,
} as const;

type Fault = keyof typeof FAULTS;

/** What limits would otherwise keep a run from doing often. */
const SETTINGS = {
  REFRESH_INTERVAL_SECONDS: "0",
  MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS: "100000",
  MAX_REPLAY_BYTES_PER_MINUTE: `${1024 * 1024 * 1024}`,
};

class Chaos {
  readonly #options: ChaosOptions;
  readonly #random: Random;
  readonly #storageDir: string;
  readonly #faults: Record<string, number> = {};
  readonly #counts: Record<string, number> = {};
  readonly #wrong: string[] = [];
  readonly #traffics: Traffic[];
  readonly #clients: ChaosClient[];
  readonly #startedAt = Date.now();
  /** Something happens to them that takes its time, and that a cut would end. */
  readonly #leftAlone = new Set<ChaosClient>();
  #isFlooding = false;
  #workerd: Workerd | undefined;
  #isPublishing = true;
  #pending = 0;

  constructor(options: ChaosOptions, storageDir: string) {
    this.#options = options;
    this.#storageDir = storageDir;
    this.#random = new Random(options.seed);
    this.#traffics = Array.from({ length: WORKSPACES }, () => {
      return new Traffic(crypto.randomUUID(), new Random(this.#random.below(2 ** 32)));
    });
    this.#clients = Array.from({ length: CLIENTS + PLAIN_CLIENTS }, (_, i) => this.#newClient(i));
  }

  async run(): Promise<Figures> {
    await this.#start();
    try {
      await Promise.all(this.#clients.map((client) => client.connect()));
      const publishing = this.#traffics.flatMap((traffic) =>
        Array.from({ length: PUBLISHERS_PER_WORKSPACE }, () => this.#publishAlong(traffic)),
      );
      await this.#breakThings();
      this.#isPublishing = false;
      await Promise.all(publishing);
      await this.#quiesce();
      return this.#judge();
    } finally {
      for (const client of this.#clients) client.stop();
      this.#workerd?.kill("SIGKILL");
      await this.#workerd?.exited;
    }
  }

  get #gateway(): GatewayClient {
    return gatewayAt(this.#workerd?.url ?? "");
  }

  #newClient(i: number): ChaosClient {
    const random = this.#random;
    const traffic = random.pick(this.#traffics);
    const userId = crypto.randomUUID();
    return new ChaosClient({
      traffic,
      url: () => this.#gateway.wsUrl,
      token: (issuedAt, expiresInSeconds) =>
        this.#gateway.token(traffic.workspaceId, { userId, now: issuedAt * 1000, expiresInSeconds }),
      // Long ago, so that there is a newer second for each revoke.
      issuedAt: Math.floor(Date.now() / 1000) - 20_000,
      path: i % 2 === 0 ? "direct" : "relayed",
      batches: i % 3 === 0,
      resumes: i < CLIENTS,
      inputs: Array.from({ length: random.between(1, 3) }, (_, n) =>
        n === 0 && i % 4 === 0 ? {} : traffic.newInput(),
      ),
      count: (what) => this.#count(this.#counts, what),
      userId,
    });
  }

  async #start(): Promise<void> {
    this.#workerd = await startWorkerd({ storageDir: this.#storageDir, bindings: SETTINGS, verbose: true });
  }

  async #breakThings(): Promise<void> {
    const { faults, minutes, onProgress } = this.#options;
    const endsAt = this.#startedAt + minutes * 60_000;
    for (let done = 1; done <= faults && Date.now() < endsAt; done++) {
      if (done % FAULTS_PER_KILL === 0) await this.#kill();
      else this.#cause(this.#random.weighted(FAULTS));
      if (done % 500 === 0) onProgress?.(done);
      await sleep(FAULT_PAUSE_MS);
    }
    while (this.#pending > 0) await sleep(10);
  }

  /** Does not wait for what it causes. */
  #cause(fault: Fault): void {
    const others = this.#clients.filter((candidate) => !this.#leftAlone.has(candidate));
    const ready = others.filter(({ isReady }) => isReady);
    // A cut may hit a client that only begins to connect.
    const isCut = fault === "terminate" || fault === "close";
    const client = this.#random.pick(isCut || ready.length === 0 ? others : ready);
    switch (fault) {
      case "terminate":
      case "close":
        if (client.current === undefined) return this.#cause("duplicate publish");
        client.cut(fault);
        return this.#happened(fault);
      case "pause":
        if (!client.pause(this.#random.between(20, 600))) return this.#cause("duplicate publish");
        return this.#happened(fault);
      case "subscribe again":
        if (!client.subscribeAgain(this.#random.below(3))) return this.#cause("duplicate publish");
        return this.#happened(fault);
      case "refresh":
        if (!client.isReady) return this.#cause("duplicate publish");
        this.#happened(fault);
        return this.#inBackground(client.refresh());
      case "revoke":
        this.#happened(fault);
        return this.#inBackground(this.#revoke(client));
      case "duplicate publish":
        this.#happened(fault);
        return this.#inBackground(this.#publishAgain(client.traffic));
      case "simultaneous duplicates":
        this.#happened(fault);
        return this.#inBackground(this.#publishTwice(client.traffic));
      case "slow reader":
        // The bytes of several would be more than the gateway holds for all.
        if (this.#isFlooding || !client.pause(LONGEST_PAUSE_MS)) return this.#cause("duplicate publish");
        this.#happened(fault);
        return this.#inBackground(this.#flood(client));
    }
  }

  async #kill(): Promise<void> {
    this.#happened("kill -9");
    this.#workerd?.kill("SIGKILL");
    await this.#workerd?.exited;
    this.#look();
    await this.#start();
  }

  /** Revokes a client's tokens so far; it comes back with one of the next second. */
  async #revoke(client: ChaosClient): Promise<void> {
    this.#leftAlone.add(client);
    client.readOn();
    const { current, issuedAt, userId, traffic } = client;
    await this.#untilAnswered(`admin/workspaces/${traffic.workspaceId}/revoke`, { userId, before: issuedAt });
    // What the log takes from now on comes after the answer.
    const { position } = await this.#untilAnswered(`admin/workspaces/${traffic.workspaceId}`);
    client.revoked(current, offsetOf(String(position)), issuedAt + 1);
    const endsAt = Date.now() + REVOKE_MS;
    while (current !== undefined && client.current === current && Date.now() < endsAt) await sleep(20);
    if (current !== undefined && client.current === current) this.#wrong.push("a socket stayed open after a revoke");
    this.#leftAlone.delete(client);
  }

  async #publishAlong(traffic: Traffic): Promise<void> {
    const random = this.#random;
    while (this.#isPublishing) {
      const kind = random.weighted({ single: 5, batch: 3, several: 2 });
      const messages =
        kind === "several"
          ? Array.from({ length: random.between(2, 6) }, () => traffic.newMessage(random.between(1, 3)))
          : [traffic.newMessage(kind === "single" ? 1 : random.between(2, 8))];
      // One of them may be told twice in the same call.
      const [first] = messages;
      await this.#publish(traffic, first !== undefined && random.chance(0.1) ? [...messages, first] : messages);
      await sleep(random.below(2 * PUBLISH_PAUSE_MS));
    }
  }

  async #publishAgain(traffic: Traffic): Promise<void> {
    const message = traffic.oldMessage();
    if (message !== undefined) await this.#publish(traffic, [message], true);
  }

  async #publishTwice(traffic: Traffic): Promise<void> {
    const message = traffic.newMessage(this.#random.between(1, 3));
    await Promise.all([this.#publish(traffic, [message]), this.#publish(traffic, [message])]);
  }

  /** Publishes more than waits anywhere for a client that does not read, and lets it read on. */
  async #flood(client: ChaosClient): Promise<void> {
    this.#isFlooding = true;
    this.#leftAlone.add(client);
    const { traffic, current } = client;
    for (let call = 0; call < FLOOD_CALLS && client.current === current; call++) {
      const messages = Array.from({ length: FLOOD_MESSAGES_PER_CALL }, () => traffic.newMessage(1, FLOOD_BYTES));
      await this.#publish(traffic, messages);
    }
    const { unreadBytes, catchingUp } = await this.#untilAnswered(`admin/workspaces/${traffic.workspaceId}`);
    if (client.current === current && (Number(unreadBytes) > 0 || Number(catchingUp) > 0)) {
      this.#count(this.#counts, "readers that fell behind");
    }
    client.readOn();
    // Time to catch up in, before it is cut again.
    await sleep(1_000);
    this.#leftAlone.delete(client);
    this.#isFlooding = false;
  }

  /** Publishes with the same ids until everything has its answer. */
  async #publish(traffic: Traffic, messages: readonly ChaosMessage[], isAgain = false): Promise<void> {
    let left = messages;
    while (left.length > 0) {
      const answer = await this.#gateway.publish(...left.map(({ body }) => body)).catch(() => undefined);
      const results = answer?.results;
      left = left.filter((message, i) => !traffic.answered(message, results?.[i], isAgain));
      if (left.length === 0) return;
      this.#count(this.#counts, "publishes tried again");
      await sleep(20);
    }
  }

  /** Asks an admin route until it answers; the gateway may just be down. */
  async #untilAnswered(path: string, body?: object): Promise<Record<string, unknown>> {
    for (;;) {
      const headers = { Authorization: `Bearer ${DEV_BINDINGS.ADMIN_SECRETS}` };
      const init = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
      const response = await fetch(`${this.#gateway.url}/${path}`, init).catch(() => undefined);
      const answer = response?.ok ? await response.json().catch(() => undefined) : undefined;
      if (answer !== undefined) return answer as Record<string, unknown>;
      await sleep(20);
    }
  }

  /** Lets every client connect once more and catch up to the head. */
  async #quiesce(): Promise<void> {
    for (const client of this.#clients) client.cut("close");
    const endsAt = Date.now() + QUIET_MS;
    const behind = () => this.#clients.filter((client) => !client.hasReached(client.traffic.log.head));
    while (behind().length > 0 && Date.now() < endsAt) await sleep(50);
    for (const { operations, traffic } of behind()) {
      const cursors = operations.map(({ model }) => model.cursor ?? "nothing").join(", ");
      this.#wrong.push(`a client is at ${cursors} and never reached ${traffic.log.head}`);
    }
    // What comes too late would come now.
    await sleep(500);
  }

  #judge(): Figures {
    this.#look();
    for (const { log, wrongAnswers } of this.#traffics) {
      this.#wrong.push(...log.contradictions, ...wrongAnswers);
      const holes = log.holes();
      if (holes.length > 0) this.#wrong.push(`offsets that no publish was answered: ${holes.slice(0, 20).join(", ")}`);
    }
    const verdicts = this.#clients.flatMap(({ operations, errors }) => {
      this.#wrong.push(...errors.map((error) => `an error: ${error}`));
      return operations.map(({ model, story }) => {
        const verdict = model.verdict();
        if (!isClean(totalsOf([verdict]))) {
          const { delivered: _, ...what } = verdict;
          this.#wrong.push(
            `${JSON.stringify({ input: model.input, resumes: model.resumes, ...what, story }).slice(0, 20_000)}`,
          );
        }
        return verdict;
      });
    });
    return {
      seed: this.#options.seed,
      seconds: Math.round((Date.now() - this.#startedAt) / 1000),
      faults: this.#faults,
      counts: this.#counts,
      published: this.#traffics.reduce((sum, { published }) => sum + published, 0),
      totals: totalsOf(verdicts),
      wrong: this.#wrong,
    };
  }

  /** Exceptions that nobody caught, in what the process wrote. */
  #look(): void {
    const lines = (this.#workerd?.output() ?? "").split("\n").filter((line) => line.includes("uncaught exception"));
    for (const line of lines.slice(0, 5)) this.#count(this.#counts, `log: ${line.slice(0, 300)}`);
  }

  #inBackground(work: Promise<unknown>): void {
    this.#pending++;
    work
      .catch((thrown: unknown) => this.#wrong.push(String(thrown)))
      .finally(() => {
        this.#pending--;
      });
  }

  #happened(fault: string): void {
    this.#count(this.#faults, fault);
  }

  #count(counts: Record<string, number>, what: string): void {
    counts[what] = (counts[what] ?? 0) + 1;
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { minutes: { type: "string" }, faults: { type: "string" }, seed: { type: "string" } },
  });
  const { minutes, faults, seed = `${Math.floor(Math.random() * 2 ** 32)}` } = values;
  process.stderr.write(`seed ${seed}\n`);
  const figures = await runChaos({
    seed: Number(seed),
    faults: Number(faults ?? (minutes === undefined ? 1_000 : Number.POSITIVE_INFINITY)),
    minutes: Number(minutes ?? Number.POSITIVE_INFINITY),
    onProgress: (done) => process.stderr.write(`${done} faults\n`),
  });
  const { totals, wrong } = figures;
  const { delivered, lost, twice, outOfOrder, gaps, foreign, afterRevoke } = totals;
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `  ${name}: ${count}\n`)
      .join("");
  const faultCount = Object.values(figures.faults).reduce((sum, count) => sum + count, 0);
  process.stdout.write(
    `seed ${figures.seed}, ${figures.seconds} s\nfaults ${faultCount}\n${list(figures.faults)}also\n${list(figures.counts)}` +
      `published events ${figures.published}\ndelivered ${delivered}\nlost silently ${lost}\ntwice ${twice}\n` +
      `out of order ${outOfOrder}\ngaps within retention ${gaps}\nnever published or not asked for ${foreign}\n` +
      `after a revoke ${afterRevoke}\nelse wrong ${wrong.length}\n`,
  );
  for (const what of wrong) process.stdout.write(`${what}\n`);
  process.exit(isClean(totals) && wrong.length === 0 ? 0 : 1);
}
