import { join } from "node:path";
import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { buildGateway } from "../lib/build.ts";
import { startProcess } from "../lib/command-process.ts";
import { personsUpdatedBody, WATCHED_PERSON } from "../lib/crm-event.ts";
import { cpuMicros } from "../lib/process-usage.ts";
import { untilQuiet } from "../lib/quiet.ts";
import type { ResumeCommands, Resumed, ResumeOptions } from "../lib/resume-commands.ts";
import type { BenchOptions, Round, Row, Scenario } from "../lib/scenario.ts";
import { fillIn } from "../lib/sequence.ts";
import type { Server } from "../lib/server.ts";
import { startInTurn } from "../lib/start-order.ts";
import { startWorker } from "../lib/workerd.ts";

const POSITIONS = 20;
const MISSED_EVENTS = 1_000;
/** So every socket misses 50 events of its own. */
const RECORDS = 20;
const MESSAGES_PER_CALL = 50;
const WARM_UP_SOCKETS = 500;

/** The network of an office comes back. */
export const p8: Scenario = {
  id: "P8",
  title: "all sockets dropped, 1,000 events missed, 50 of them its own by each, 20 different positions; all resume",
  rows: { baseline: "Sluice, the same sockets resume and nothing was missed" },
  figures: [
    { key: "most", label: "first connection until 99% are caught up", unit: "s", goals: { baseline: 2 } },
    { key: "half", label: "until half are caught up", unit: "s" },
    { key: "all", label: "until all are caught up", unit: "s" },
    { key: "cpu", label: "server CPU per socket that resumes", unit: "µs" },
    { key: "messages", label: "messages replayed per socket", unit: "messages" },
  ],
  sockets: { full: 5_000 },
  slicesPerPair: 1,
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const openRow = async (name: "sluice" | "baseline") => {
    const server = stack.use(await startWorker(await buildGateway(), options));
    const load = stack.use(startProcess<ResumeCommands>(join(import.meta.dirname, "..", "lib", "resume-process.ts")));
    const office = new Office(
      server,
      (resume) => load.run("connect", resume),
      async () => void (await load.run("drop", null)),
    );
    await office.openAll(WARM_UP_SOCKETS);
    await office.comeBack(WARM_UP_SOCKETS, name === "sluice");
    await office.leave();
    await office.openAll(options.sockets);
    return resumeRow(name, office, options.sockets);
  };
  const opened = await startInTurn(options.pair, {
    sluice: () => openRow("sluice"),
    baseline: () => openRow("baseline"),
  });
  const round = stack.move();
  return { rows: Object.values(opened), [Symbol.asyncDispose]: () => round.disposeAsync() };
}

function resumeRow(name: "sluice" | "baseline", office: Office, sockets: number): Row {
  let last: Measured | undefined;
  return {
    name,
    pids: office.server.pids,
    async run() {
      last = await office.comeBack(sockets, name === "sluice");
    },
    async sample() {
      if (last === undefined) return {};
      const { secondsUntil, messages, cpu } = last;
      return { ...secondsUntil, cpu: cpu / sockets, messages: messages / sockets };
    },
  };
}

interface Measured extends Resumed {
  /** Of the server, in microseconds. */
  readonly cpu: number;
}

/** All clients of one server, which lose their connections together. */
class Office {
  readonly server: Server;
  readonly #connect: (options: ResumeOptions) => Promise<Resumed>;
  readonly leave: () => Promise<void>;
  #published = 0;

  constructor(server: Server, connect: (options: ResumeOptions) => Promise<Resumed>, leave: () => Promise<void>) {
    this.server = server;
    this.#connect = connect;
    this.leave = leave;
  }

  /** Opens sockets that go on from now. */
  async openAll(sockets: number): Promise<void> {
    await this.#connect({ ...this.#options(sockets), after: [], missed: { first: 1, count: 0 } });
  }

  /** Drops all sockets, publishes what they miss, if they are to miss anything, and lets them resume. */
  async comeBack(sockets: number, isMissing: boolean): Promise<Measured> {
    await this.leave();
    const others = Array.from({ length: POSITIONS }, () => ({
      ...personMessage(1),
      name: "company.updated",
      objectMetadata: { nameSingular: "company" },
    }));
    const positions = await publish(this.server, others);
    const missed = { first: this.#published + 1, count: isMissing ? MISSED_EVENTS : 0 };
    for (let done = 0; done < missed.count; done += MESSAGES_PER_CALL) {
      const messages = Array.from({ length: MESSAGES_PER_CALL }, (_, i) => personMessage(missed.first + done + i));
      await publish(this.server, messages);
    }
    this.#published += missed.count;
    await untilQuiet(this.server);
    const before = cpuMicros(this.server.pids);
    const after = isMissing ? positions : positions.slice(-1);
    const resumed = await this.#connect({ ...this.#options(sockets), after, missed });
    return { ...resumed, cpu: cpuMicros(this.server.pids) - before };
  }

  #options(sockets: number) {
    const { APP_SECRET: appSecret } = DEV_BINDINGS;
    return {
      host: this.server.host,
      sockets,
      appSecret,
      workspaceId: DEV_WORKSPACE_ID,
      subscribe: WATCHED_PERSON,
      records: RECORDS,
    };
  }
}

/** A message of one event, of a watched record. */
function personMessage(sequence: number): object {
  const body = personsUpdatedBody({ workspaceId: DEV_WORKSPACE_ID, events: 1, ofWatched: true });
  const { messages } = JSON.parse(fillIn(body, sequence, RECORDS)) as { messages: [object] };
  return messages[0];
}

/** Publishes messages in one call. Returns their positions. */
async function publish({ host }: Server, messages: readonly object[]): Promise<string[]> {
  const answer = await fetch(`http://${host}/publish`, {
    method: "POST",
    headers: { Authorization: `Bearer ${DEV_BINDINGS.PUBLISHER_SECRETS}`, "Content-Type": "application/json" },
    body: JSON.stringify({ messages }),
  });
  if (answer.status !== 200) throw new Error(`Publishing was answered by ${answer.status} ${await answer.text()}`);
  const { results } = (await answer.json()) as { results: { position: string }[] };
  return results.map(({ position }) => position);
}
