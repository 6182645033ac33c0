import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { openAudience } from "../lib/audience.ts";
import { buildControl, buildGateway } from "../lib/build.ts";
import { EVERY_PERSON } from "../lib/crm-event.ts";
import { startLoad } from "../lib/load.ts";
import { cpuMicros } from "../lib/process-usage.ts";
import { publishPersons } from "../lib/publishing.ts";
import { untilQuiet } from "../lib/quiet.ts";
import { startRedisStack } from "../lib/redis-stack.ts";
import type { BenchOptions, Round, Row, RowName, Scenario } from "../lib/scenario.ts";
import type { Server } from "../lib/server.ts";
import { startInTurn } from "../lib/start-order.ts";
import { percentile } from "../lib/statistics.ts";
import { startWorker } from "../lib/workerd.ts";
import { WrittenPages } from "../lib/written-pages.ts";

const AT_ONCE = 8;
/** Compilers take some thousand connections until they have settled; not all are open at once. */
const FULL = { warmUps: 5, warmUpArrivals: 1_000, arrivals: 100 };
const QUICK = { warmUps: 1, warmUpArrivals: 300, arrivals: 25 };

/** How the clients of a row connect. */
interface Door {
  readonly path: string;
  readonly tokenIn: "subprotocol";
  readonly subprotocol: string;
}

/** What everybody does once a day, and all do at once after a deploy: sockets come, to those that are open and idle. */
export const p5: Scenario = {
  id: "P5",
  title: "connect, init and subscribe, the token verified in every row",
  rows: { control: "the bare object behind an edge that verifies the token's signature and expiry" },
  figures: [
    {
      key: "cpu",
      label: "server CPU per connect, init and subscribe",
      unit: "µs",
      goals: { control: 1.7, redis: 0.85 },
    },
    { key: "memory", label: "server memory per idle connection", unit: "KiB", goals: { control: 1.25 } },
    { key: "pages", label: "database pages written per connection", unit: "pages", atMost: 0 },
    { key: "rate", label: "connections per second", unit: "connections/s" },
    { key: "p50", label: "connect to subscribed, p50", unit: "ms" },
    { key: "p99", label: "connect to subscribed, p99", unit: "ms" },
  ],
  sockets: { full: 2_000, quick: 300 },
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const [gatewayWorker, controlWorker] = await Promise.all([buildGateway(), buildControl()]);
  const openRow = async (name: RowName, path: string, server: Server) =>
    stack.use(await openArrivals(name, path, stack.use(server), options));
  const opened = await startInTurn(options.pair, {
    sluice: async () => openRow("sluice", "/graphql", await startWorker(gatewayWorker, options)),
    control: async () => openRow("control", "/verified", await startWorker(controlWorker, options)),
    redis: async () => openRow("redis", "/graphql", await startRedisStack("on-db-event.ts", options)),
  });
  const rows = Object.values(opened);
  // An object that waited while the others were warmed up has been evicted, and what a wake costs is for P7 to say.
  for (const row of rows) {
    await row.run();
    await row.sample();
  }
  const round = stack.move();
  return { rows, [Symbol.asyncDispose]: () => round.disposeAsync() };
}

async function openArrivals(
  name: RowName,
  path: string,
  server: Server,
  { sockets, quick }: BenchOptions,
): Promise<Row & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const door: Door = { path, tokenIn: "subprotocol", subprotocol: "graphql-transport-ws" };
  const idle = { ...door, sockets, subscribe: [EVERY_PERSON], subscriptionsPerSocket: 1, receivers: "all" } as const;
  const audience = stack.use(await openAudience(server, idle));
  // A workspace that is in use has a log.
  if (name === "sluice") await audience.publish({ ...publishPersons(server, 1, "all"), calls: 1 });
  const load = stack.use(startLoad());
  const written = server.databases === undefined ? undefined : new WrittenPages(server.databases);
  const signing = { appSecret: DEV_BINDINGS.APP_SECRET, workspaceId: DEV_WORKSPACE_ID };

  /** Signing and closing are no part of what is measured. */
  async function arrive(count: number) {
    await load.sign({ ...signing, count });
    await untilQuiet(server);
    await written?.take();
    const before = cpuMicros(server.pids);
    const arrival = await load.arrive({ ...door, host: server.host, subscribe: EVERY_PERSON, atOnce: AT_ONCE });
    const cpu = cpuMicros(server.pids) - before;
    const pages = await written?.take();
    await load.depart();
    await untilQuiet(server);
    return { ...arrival, cpu, pages };
  }

  const { warmUps, warmUpArrivals, arrivals } = quick ? QUICK : FULL;
  for (let i = 0; i < warmUps; i++) await arrive(warmUpArrivals);
  let slices: Awaited<ReturnType<typeof arrive>>[] = [];
  const running = stack.move();
  return {
    name,
    pids: server.pids,
    async run() {
      slices.push(await arrive(arrivals));
    },
    async sample() {
      const taken = slices;
      slices = [];
      const milliseconds = Float64Array.from(taken.flatMap((slice) => slice.milliseconds)).sort();
      const sumOf = (amountOf: (slice: (typeof taken)[number]) => number) =>
        taken.reduce((sum, slice) => sum + amountOf(slice), 0);
      return {
        cpu: sumOf(({ cpu }) => cpu) / milliseconds.length,
        memory: audience.memory,
        ...(written !== undefined && { pages: sumOf(({ pages = 0 }) => pages) / milliseconds.length }),
        rate: milliseconds.length / sumOf(({ seconds }) => seconds),
        p50: percentile(milliseconds, 0.5),
        p99: percentile(milliseconds, 0.99),
      };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
