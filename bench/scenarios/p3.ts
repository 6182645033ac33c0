import { type Audience, openAudience } from "../lib/audience.ts";
import { buildGateway } from "../lib/build.ts";
import { WATCHED_PERSON } from "../lib/crm-event.ts";
import { FANOUT_FIGURES, type Fanout, openFanout } from "../lib/fanout.ts";
import { publishPersons } from "../lib/publishing.ts";
import type { BenchOptions, Round, Row, Scenario } from "../lib/scenario.ts";
import { startWorker } from "../lib/workerd.ts";

const EVENTS_PER_BATCH = 50;

const FANOUT: Fanout = {
  subscribe: [WATCHED_PERSON],
  receivers: "watcher",
  tokenIn: "subprotocol",
  subprotocol: "graphql-transport-ws",
  parts: [
    { figure: "cpu", eventsPerCall: 1, messages: 200 },
    { figure: "cpuOfBatch", eventsPerCall: EVENTS_PER_BATCH, messages: 800 },
  ],
};

/** Everybody has another record open. */
export const p3: Scenario = {
  id: "P3",
  title: "every socket watches a record of its own; an event matches one",
  figures: [
    { key: "cpu", label: "server CPU per event, one event per publish", unit: "µs", goals: { redis: 0.25 } },
    { key: "cpuOfBatch", label: "server CPU per event, 50 events per publish", unit: "µs", goals: { redis: 0.02 } },
    { key: "growth", label: "CPU per event with 10,000 watchers over that with 100", unit: "×", atMost: 1.3 },
    ...FANOUT_FIGURES,
  ],
  sockets: { full: 2_000, quick: 300 },
  slicesPerPair: 6,
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const { rows } = stack.use(await openFanout(FANOUT, options));
  const few = stack.use(await openWatchers(100, options));
  const many = stack.use(await openWatchers(options.quick ? 2_000 : 10_000, options));
  const round = stack.move();
  return {
    rows: rows.map((row) => (row.name === "sluice" ? withGrowth(row, few, many) : row)),
    [Symbol.asyncDispose]: () => round.disposeAsync(),
  };
}

/** A socket takes two files of a process, which may not have enough of them for a socket to every watcher. */
const WATCHERS_PER_SOCKET = 4;
const GROWTH_EVENTS = { warmUp: 200, slice: 100 };

async function openWatchers(watchers: number, options: BenchOptions): Promise<Audience> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startWorker(await buildGateway(), options));
  const audience = stack.use(
    await openAudience(server, {
      sockets: watchers / WATCHERS_PER_SOCKET,
      subscriptionsPerSocket: WATCHERS_PER_SOCKET,
      path: "/graphql",
      subscribe: [WATCHED_PERSON],
      receivers: "watcher",
      tokenIn: "subprotocol",
      subprotocol: "graphql-transport-ws",
    }),
  );
  await audience.publish({ ...publishPersons(server, 1, "watcher"), calls: GROWTH_EVENTS.warmUp });
  const running = stack.move();
  return { ...audience, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Sluice's row, which besides measures what an event costs with few and with many watchers. */
function withGrowth(row: Row, few: Audience, many: Audience): Row {
  let cpu = { few: 0, many: 0 };
  const publish = ({ server }: Audience) => ({ ...publishPersons(server, 1, "watcher"), calls: GROWTH_EVENTS.slice });
  return {
    ...row,
    async run() {
      await row.run();
      cpu.few += (await few.publish(publish(few))).cpu;
      cpu.many += (await many.publish(publish(many))).cpu;
    },
    async sample() {
      const growth = cpu.many / cpu.few;
      cpu = { few: 0, many: 0 };
      return { ...(await row.sample()), growth };
    },
  };
}
