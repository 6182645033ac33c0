import { buildControl, buildGateway } from "../lib/build.ts";
import { EVERY_PERSON } from "../lib/crm-event.ts";
import { type OpenLoop, openLoop, type Ramp, rateAtLimit } from "../lib/open-loop.ts";
import { type Publish, publishPersons, publishUnheard, sendFrames, sendUnheard } from "../lib/publishing.ts";
import { startRedisStack } from "../lib/redis-stack.ts";
import type { BenchOptions, Round, Row, RowName, Scenario } from "../lib/scenario.ts";
import type { Server } from "../lib/server.ts";
import { startInTurn } from "../lib/start-order.ts";
import { percentile } from "../lib/statistics.ts";
import { startWorker } from "../lib/workerd.ts";

const RATE = 20;
/** Linux has a file system in memory there. */
const MEMORY = "/dev/shm";
/** An object that waited for its turn wakes up in the lead-in. */
const SLICE = { events: 105, rate: RATE, leadIn: 5 };
const WARM_UP = { unheard: { events: 1_600, rate: 400 }, heard: { events: 100, rate: 40 } };
const RAMP: Ramp = { limit: 100, secondsPerStep: 1.5, from: 40, halvings: 3 };

/** An ordinary hour: what a user waits for, while the server has time. */
export const p6: Scenario = {
  id: "P6",
  title: `${RATE} events per second, published on time whatever has arrived`,
  rows: { baseline: "Sluice with its databases in memory (tmpfs): what it saves is what this machine's disk takes" },
  figures: [
    { key: "p50", label: "due to receive, p50", unit: "ms", goals: { redis: 1 } },
    { key: "p99", label: "due to receive, p99", unit: "ms", goals: { redis: 1 } },
    { key: "cpu", label: "server CPU per delivered message", unit: "µs" },
    { key: "rateAt100", label: `rate at which the p99 passes ${RAMP.limit} ms`, unit: "events/s" },
    { key: "share", label: `${RATE} events/s of that`, unit: "%" },
    { key: "behind", label: "the publisher itself late, at most", unit: "ms" },
  ],
  sockets: { full: 200 },
  slicesPerPair: 3,
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const [gatewayWorker, controlWorker] = await Promise.all([buildGateway(), buildControl()]);
  const start = async (server: Server, path: string) => {
    return stack.use(await openLoop(stack.use(server), { path, sockets: options.sockets, subscribe: EVERY_PERSON }));
  };
  const { sluice, control, redis, baseline } = await startInTurn(options.pair, {
    sluice: async () => start(await startWorker(gatewayWorker, options), "/graphql"),
    control: async () => start(await startWorker(controlWorker, options), "/"),
    redis: async () => start(await startRedisStack("on-db-event.ts", options), "/graphql"),
    baseline: async () => start(await startWorker(gatewayWorker, { ...options, storageIn: MEMORY }), "/graphql"),
  });

  const persons = ({ server }: OpenLoop) => publishPersons(server, 1, "all");
  const frame = await warmUp(sluice, persons(sluice), publishUnheard(sluice.server, 1));
  const frames = sendFrames(control.server, 1, "all", frame);
  await warmUp(control, frames, sendUnheard(control.server, 1, frame));
  await warmUp(redis, persons(redis), publishUnheard(redis.server, 1));
  await warmUp(baseline, persons(baseline), publishUnheard(baseline.server, 1));
  const rows = [
    openLoopRow("sluice", sluice, persons(sluice), options),
    openLoopRow("control", control, frames, options),
    openLoopRow("redis", redis, persons(redis), options),
    openLoopRow("baseline", baseline, persons(baseline), options),
  ];
  const round = stack.move();
  return { rows, [Symbol.asyncDispose]: () => round.disposeAsync() };
}

/** Returns a frame that a subscriber received. */
async function warmUp(loop: OpenLoop, heard: Publish, unheard: Publish): Promise<string> {
  await loop.publish(unheard, WARM_UP.unheard);
  return (await loop.publish(heard, WARM_UP.heard)).frame;
}

function openLoopRow(name: RowName, loop: OpenLoop, publish: Publish, { sockets, symbols }: BenchOptions): Row {
  let total = { latencies: [] as number[], cpu: 0, delivered: 0, behind: 0 };
  return {
    name,
    pids: loop.server.pids,
    async run() {
      const { latencies, cpu, delivered, behind } = await loop.publish(publish, SLICE);
      total.latencies.push(...latencies);
      total.cpu += cpu;
      total.delivered += delivered;
      total.behind = Math.max(total.behind, behind);
    },
    async sample() {
      const sorted = Float64Array.from(total.latencies).sort();
      const { cpu, delivered, behind } = total;
      total = { latencies: [], cpu: 0, delivered: 0, behind: 0 };
      const steady = { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), cpu: cpu / delivered, behind };
      // A profile is one of the steady rate, and the baseline is there for it alone.
      if (symbols || name === "baseline") return steady;
      const rateAt100 = await rateAtLimit(loop, publish, sockets, RAMP);
      return { ...steady, rateAt100, share: (100 * RATE) / rateAt100 };
    },
  };
}
