import { setTimeout as sleep } from "node:timers/promises";
import { type Audience, openAudience } from "../lib/audience.ts";
import { buildControl, buildGateway } from "../lib/build.ts";
import { EVERY_PERSON } from "../lib/crm-event.ts";
import { cpuMicros } from "../lib/process-usage.ts";
import { startRedisStack } from "../lib/redis-stack.ts";
import type { BenchOptions, Round, RowName, Sample, Scenario } from "../lib/scenario.ts";
import type { Server } from "../lib/server.ts";
import { startWorker } from "../lib/workerd.ts";

const IDLE = { seconds: 60, pingEverySeconds: 10 };
/** The runtime lets go of an object that was idle for 10 seconds; this is time enough for what it does before. */
const FALLS_ASLEEP_MS = 25_000;

/** A night: everybody left a tab open. */
export const p9: Scenario = {
  id: "P9",
  title: `idle for ${IDLE.seconds} seconds, a ping every ${IDLE.pingEverySeconds} on every socket`,
  rows: { control: "the bare object, whose pings the platform answers as well", redis: "a Node process never sleeps" },
  figures: [
    { key: "runs", label: "runs of the object", unit: "runs", atMost: 0 },
    { key: "cpu", label: "server CPU per idle socket and minute", unit: "µs" },
  ],
  sockets: { full: 1_000 },
  slicesPerPair: 1,
  pairs: 1,
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const openRow = async (name: RowName, path: string, server: Server) => {
    const { sockets } = options;
    const plain = { path, tokenIn: "subprotocol", subprotocol: "graphql-transport-ws" } as const;
    const same = { subscribe: [EVERY_PERSON], subscriptionsPerSocket: 1, receivers: "all" } as const;
    return { name, audience: stack.use(await openAudience(stack.use(server), { ...plain, ...same, sockets })) };
  };
  const [gatewayWorker, controlWorker] = await Promise.all([buildGateway(), buildControl()]);
  const watched = { ...options, watched: true };
  const opened = [
    await openRow("sluice", "/graphql", await startWorker(gatewayWorker, watched)),
    await openRow("control", "/", await startWorker(controlWorker, watched)),
    await openRow("redis", "/graphql", await startRedisStack("on-db-event.ts", options)),
  ];
  await sleep(FALLS_ASLEEP_MS);
  // All at the same time: none has so much to do that it could be in the way of another.
  const minute = Promise.all(opened.map(({ audience }) => idleMinute(audience, options)));
  const round = stack.move();
  return {
    rows: opened.map(({ name, audience }, i) => ({
      name,
      pids: audience.server.pids,
      run: async () => void (await minute),
      sample: async () => (await minute)[i] ?? {},
    })),
    [Symbol.asyncDispose]: () => round.disposeAsync(),
  };
}

async function idleMinute({ server, idle }: Audience, { sockets }: BenchOptions): Promise<Sample> {
  const before = { cpu: cpuMicros(server.pids), runs: server.objectRuns?.() };
  // On every socket it was told of two frames at least.
  if (before.runs !== undefined && before.runs < 2 * sockets) throw new Error("Runs of the object are not counted.");
  await idle(IDLE);
  const cpu = (cpuMicros(server.pids) - before.cpu) / sockets / (IDLE.seconds / 60);
  if (server.objectRuns === undefined || before.runs === undefined) return { cpu };
  return { cpu, runs: server.objectRuns() - before.runs };
}
