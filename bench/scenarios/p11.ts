import { buildControl, buildGateway } from "../lib/build.ts";
import { type Doors, openDoors } from "../lib/doors.ts";
import { startPublisher } from "../lib/publisher.ts";
import { type Publish, publishPersons } from "../lib/publishing.ts";
import { startRedisStack } from "../lib/redis-stack.ts";
import type { BenchOptions, Figure, Round, Row, RowName, Scenario } from "../lib/scenario.ts";
import type { Server } from "../lib/server.ts";
import { startInTurn } from "../lib/start-order.ts";
import { startWorker } from "../lib/workerd.ts";

interface Part {
  /** Where its figures go: `cpu<key>` and `rate<key>`. */
  readonly key: string;
  readonly eventsPerCall: number;
  readonly atOnce: number;
  /** Of a slice. */
  readonly calls: number;
}

const PARTS: readonly Part[] = [
  { key: "", eventsPerCall: 1, atOnce: 1, calls: 160 },
  { key: "16", eventsPerCall: 1, atOnce: 16, calls: 320 },
  { key: "Of50", eventsPerCall: 50, atOnce: 1, calls: 40 },
  { key: "Of50x16", eventsPerCall: 50, atOnce: 16, calls: 80 },
];
const WARM_UP_SLICES = 5;

const [FIRST_CPU, ...OTHER_CPU] = PARTS.map((part): Figure => {
  return { key: `cpu${part.key}`, label: `server CPU per publish, ${textOf(part)}`, unit: "µs" };
});
const RATES = PARTS.map((part): Figure => {
  return { key: `rate${part.key}`, label: `publishes per second, ${textOf(part)}`, unit: "calls/s" };
});

function textOf({ eventsPerCall, atOnce }: Part): string {
  return `${eventsPerCall === 1 ? "one event" : `${eventsPerCall} events`}, ${atOnce} at once`;
}

/** What a publisher costs, and what it waits for. */
export const p11: Scenario = {
  id: "P11",
  title: "publishing without a subscriber, and the doors for Workers: a service binding, and a queue to a socket",
  rows: {
    sluice: "POST /publish; what it answers is on the disk",
    control: "the same body in a POST to the bare object, which reads it and answers; nothing is on any disk",
    redis: "the same POST; one PUBLISH to Redis for each event, which keeps none",
  },
  figures: [
    FIRST_CPU as Figure,
    ...OTHER_CPU,
    ...RATES,
    { key: "bindingCpu", label: "CPU per publish over the service binding, one event, caller included", unit: "µs" },
    { key: "bindingRate", label: "publishes per second over the service binding, one at once", unit: "calls/s" },
    { key: "queueCpu", label: "CPU per event from the queue to one socket, batch of 1", unit: "µs" },
    { key: "queueP50", label: "sent to received by the queue's consumer, batch of 1, p50", unit: "ms" },
    { key: "queueP99", label: "the same, p99", unit: "ms" },
    { key: "batchCpu", label: "CPU per event from the queue to one socket, batch of 100", unit: "µs" },
    { key: "batchP50", label: "sent to received by the queue's consumer, batch of 100, p50", unit: "ms" },
    { key: "batchP99", label: "the same, p99", unit: "ms" },
  ],
  sockets: { full: 1 },
  slicesPerPair: 8,
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const [gatewayWorker, controlWorker] = await Promise.all([buildGateway(), buildControl()]);
  const start = (name: RowName, server: Server, publishOf: (server: Server, events: number) => Publish) => {
    const publisher = stack.use(startPublisher(stack.use(server)));
    // A profile is one of the first figure.
    const parts = options.symbols ? PARTS.slice(0, 1) : PARTS;
    const work = parts.map((part) => ({ ...part, ...publishOf(server, part.eventsPerCall) }));
    return publishRow(name, server, work, publisher.publish);
  };
  const persons = (server: Server, events: number) => publishPersons(server, events, "all");
  const bare = (server: Server, events: number) => ({ ...persons(server, events), url: `http://${server.host}/` });
  const { sluice, control, redis } = await startInTurn(options.pair, {
    sluice: async () => start("sluice", await startWorker(gatewayWorker, options), persons),
    control: async () => start("control", await startWorker(controlWorker, options), bare),
    redis: async () => start("redis", await startRedisStack("on-db-event.ts", options), persons),
  });
  const withDoors = options.symbols ? sluice : doorsToo(sluice, stack.use(await openDoors(options)));
  const rows = [withDoors, control, redis];
  for (const row of rows) {
    for (let slice = 0; slice < WARM_UP_SLICES; slice++) await row.run();
    await row.sample();
  }
  const round = stack.move();
  return { rows, [Symbol.asyncDispose]: () => round.disposeAsync() };
}

function publishRow(
  name: RowName,
  { pids }: Server,
  work: readonly (Part & Publish)[],
  publish: ReturnType<typeof startPublisher>["publish"],
): Row {
  let totals = work.map(() => ({ calls: 0, seconds: 0, cpu: 0 }));
  return {
    name,
    pids,
    async run() {
      for (const [i, part] of work.entries()) {
        const { calls, seconds, cpu } = await publish(part);
        const total = totals[i];
        if (total === undefined) continue;
        total.calls += calls;
        total.seconds += seconds;
        total.cpu += cpu;
      }
    },
    async sample() {
      const entries = work.flatMap(({ key }, i): [string, number][] => {
        const { calls, seconds, cpu } = totals[i] ?? { calls: 0, seconds: 0, cpu: 0 };
        return [
          [`cpu${key}`, cpu / calls],
          [`rate${key}`, calls / seconds],
        ];
      });
      totals = work.map(() => ({ calls: 0, seconds: 0, cpu: 0 }));
      return Object.fromEntries(entries);
    },
  };
}

/** Sluice's row, which takes the doors for Workers as well. */
function doorsToo(row: Row, doors: Doors): Row {
  return {
    ...row,
    async run() {
      await row.run();
      await doors.run();
    },
    sample: async () => ({ ...(await row.sample()), ...(await doors.sample()) }),
  };
}
