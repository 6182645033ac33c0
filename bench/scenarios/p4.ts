import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { buildControl, buildGateway } from "../lib/build.ts";
import { QUERIES_PER_STREAM, STREAMS_PER_GROUP } from "../lib/crm-streams.ts";
import { startLoadProcess } from "../lib/load-link.ts";
import { cpuMicros, residentBytes } from "../lib/process-usage.ts";
import { startRedisStack } from "../lib/redis-stack.ts";
import type { BenchOptions, Round, Row, RowName, Scenario } from "../lib/scenario.ts";
import type { Server } from "../lib/server.ts";
import { percentile } from "../lib/statistics.ts";
import type { PublishToStreams, StreamDelivery, StreamLoadCommands } from "../lib/stream-load-commands.ts";
import { startWorker } from "../lib/workerd.ts";

const EVENTS_PER_BATCH = 50;

/** Calls of one event, and of a batch. */
const FULL = { warmUp: { single: 600, batch: 20 }, slice: { single: 25, batch: 1 } };
const QUICK = { warmUp: { single: 100, batch: 4 }, slice: { single: 10, batch: 1 } };

/** Every tab of Twenty's front-end has an event stream, to which it adds what it shows. */
export const p4: Scenario = {
  id: "P4",
  title: `event streams with ${QUERIES_PER_STREAM} filtered queries each; an event matches ${STREAMS_PER_GROUP} of them`,
  rows: {
    redis: "as Twenty does it: streams in Redis, read for every batch, matched one by one, published to one by one",
    control: "the bare object sends the same frames to the sockets of the streams that match, which it is told",
  },
  figures: [
    { key: "cpu", label: "server CPU per event, one event per publish", unit: "µs", goals: { redis: 0.05 } },
    { key: "cpuOfBatch", label: `server CPU per event, ${EVENTS_PER_BATCH} events per publish`, unit: "µs" },
    { key: "cpuPerMatch", label: "server CPU per matched event and stream, one event per publish", unit: "µs" },
    { key: "rate", label: "events per second, one event per publish", unit: "events/s" },
    { key: "matchedRate", label: "matched events per second, one event per publish", unit: "messages/s" },
    { key: "rateOfBatch", label: `matched events per second, ${EVENTS_PER_BATCH} per publish`, unit: "messages/s" },
    { key: "p50", label: "publish to receive, p50", unit: "ms" },
    { key: "p95", label: "publish to receive, p95", unit: "ms" },
    { key: "p99", label: "publish to receive, p99", unit: "ms" },
    { key: "memory", label: "server memory per stream", unit: "KiB" },
    { key: "bytes", label: "size of a frame", unit: "bytes" },
  ],
  sockets: { full: 500, quick: 300 },
  slicesPerPair: 12,
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const [gateway, bare] = await Promise.all([buildGateway(), buildControl()]);
  const start = async (server: Server, path: string, addsQueries = true) =>
    stack.use(await openStreams(stack.use(server), path, addsQueries, options));
  const sluice = await start(await startWorker(gateway, options), "/graphql");
  const redis = await start(await startRedisStack("event-streams.ts", options), "/graphql");
  const control = await start(await startWorker(bare, options), "/", false);

  const { warmUp } = options.quick ? QUICK : FULL;
  const rows: Row[] = [];
  const add = async (name: RowName, streams: Streams, publish: Publish) => {
    await streams.publish({ ...publish, eventsPerCall: 1, calls: warmUp.single });
    await streams.publish({ ...publish, eventsPerCall: EVENTS_PER_BATCH, calls: warmUp.batch });
    const frames = await streams.frames();
    rows.push(streamsRow(name, streams, publish, frames, options));
    return frames;
  };
  const records = ({ host }: Server): Publish => ({
    url: `http://${host}/publish`,
    headers: { Authorization: `Bearer ${DEV_BINDINGS.PUBLISHER_SECRETS}`, "Content-Type": "application/json" },
  });
  const frames = await add("sluice", sluice, records(sluice.server));
  const toMatching = { url: `http://${control.server.host}/matching`, headers: {}, frames };
  assertSamePayloads(frames, await add("control", control, toMatching));
  assertSamePayloads(frames, await add("redis", redis, records(redis.server)));
  // An object that waited while the others were warmed up has been evicted.
  for (const row of rows) {
    await row.run();
    await row.sample();
  }
  const round = stack.move();
  return { rows, [Symbol.asyncDispose]: () => round.disposeAsync() };
}

type Publish = Omit<PublishToStreams, "calls" | "eventsPerCall">;

type Streams = Awaited<ReturnType<typeof openStreams>>;

/** Opens all streams of a server, and adds their queries. */
async function openStreams(server: Server, path: string, addsQueries: boolean, { sockets }: BenchOptions) {
  await using stack = new AsyncDisposableStack();
  const load = stack.use(startLoadProcess<StreamLoadCommands>("stream-load-process.ts"));
  const { host, pids } = server;
  const { APP_SECRET: appSecret } = DEV_BINDINGS;
  const where = { host, path, streams: sockets, addsQueries, appSecret, workspaceId: DEV_WORKSPACE_ID };
  const first = Math.ceil(sockets / 10);
  await load.run("connect", { ...where, sockets: first });
  const before = residentBytes(pids);
  await load.run("connect", { ...where, sockets: sockets - first });
  const memory = (residentBytes(pids) - before) / (sockets - first) / 1024;
  const running = stack.move();
  return {
    server,
    memory,
    async publish(publish: PublishToStreams) {
      const cpuBefore = cpuMicros(pids);
      const delivery = await load.run("publish", publish);
      return { ...delivery, cpu: cpuMicros(pids) - cpuBefore };
    },
    frames: () => load.run("frames", null),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface Work extends StreamDelivery {
  readonly cpu: number;
}

const NOTHING: Work = { cpu: 0, events: 0, matched: 0, seconds: 0, latencies: [] };

function streamsRow(
  name: RowName,
  streams: Streams,
  publish: Publish,
  frames: readonly string[],
  { quick }: BenchOptions,
): Row {
  const { slice } = quick ? QUICK : FULL;
  const bytes = Buffer.byteLength(frames[0] ?? "");
  let single = NOTHING;
  let batch = NOTHING;
  return {
    name,
    pids: streams.server.pids,
    async run() {
      single = sum(single, await streams.publish({ ...publish, eventsPerCall: 1, calls: slice.single }));
      batch = sum(batch, await streams.publish({ ...publish, eventsPerCall: EVENTS_PER_BATCH, calls: slice.batch }));
    },
    async sample() {
      const sample = {
        cpu: single.cpu / single.events,
        cpuOfBatch: batch.cpu / batch.events,
        cpuPerMatch: single.cpu / single.matched,
        rate: single.events / single.seconds,
        matchedRate: single.matched / single.seconds,
        rateOfBatch: batch.matched / batch.seconds,
        ...percentilesOf(single.latencies),
        memory: streams.memory,
        bytes,
      };
      single = NOTHING;
      batch = NOTHING;
      return sample;
    },
  };
}

function sum(a: Work, b: Work): Work {
  return {
    cpu: a.cpu + b.cpu,
    events: a.events + b.events,
    matched: a.matched + b.matched,
    seconds: a.seconds + b.seconds,
    latencies: [...a.latencies, ...b.latencies],
  };
}

function percentilesOf(latencies: readonly number[]) {
  const sorted = Float64Array.from(latencies).sort();
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
}

/** Everything but the ids that the clients chose for their operations is the same, stream by stream. */
function assertSamePayloads(ours: readonly string[], theirs: readonly string[]): void {
  const payloadOf = (frame = "") => frame.slice(frame.indexOf('"payload"'));
  const other = ours.findIndex((frame, i) => payloadOf(frame) !== payloadOf(theirs[i]));
  if (other !== -1) throw new Error(`The rows do not send the same:\n${ours[other]}\n${theirs[other]}`);
}
