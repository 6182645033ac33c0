import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { buildControl, buildGateway } from "../lib/build.ts";
import { groupsOf, QUERIES_PER_STREAM, STREAMS_PER_GROUP } from "../lib/crm-streams.ts";
import { startRedisStack } from "../lib/redis-stack.ts";
import type { BenchOptions, Round, Row, RowName, Scenario } from "../lib/scenario.ts";
import type { Server } from "../lib/server.ts";
import { startInTurn } from "../lib/start-order.ts";
import { percentile } from "../lib/statistics.ts";
import { type MeasuredDelivery, openStreams, type Streams } from "../lib/stream-audience.ts";
import type { PublishToStreams } from "../lib/stream-load-commands.ts";
import { startWorker } from "../lib/workerd.ts";

/**
 * One person changes; one of every group does, whom other tabs look at each time; as many of one group do, whom the same
 * tabs look at. Of 500 streams there are 50 groups.
 */
const PARTS = [
  { name: "single", isBatch: false, groups: "each", warmUp: 1_500, calls: 100 },
  { name: "batch", isBatch: true, groups: "each", warmUp: 60, calls: 8 },
  { name: "edit", isBatch: true, groups: "one", warmUp: 60, calls: 8 },
] as const;

type Part = (typeof PARTS)[number];
type PartName = Part["name"];

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
    { key: "cpuOfBatch", label: "server CPU per event, 50 per publish, each of another group", unit: "µs" },
    { key: "cpuOfEdit", label: "server CPU per event, 50 per publish, all of one group", unit: "µs" },
    { key: "cpuPerMatch", label: "server CPU per event and matched stream, one event per publish", unit: "µs" },
    { key: "rate", label: "matched events per second, one event per publish", unit: "messages/s" },
    { key: "rateOfBatch", label: "matched events per second, 50 of different groups", unit: "messages/s" },
    { key: "rateOfEdit", label: "matched events per second, 50 of one group", unit: "messages/s" },
    { key: "p50", label: "publish to receive, p50", unit: "ms" },
    { key: "p95", label: "publish to receive, p95", unit: "ms" },
    { key: "p99", label: "publish to receive, p99", unit: "ms" },
    { key: "memory", label: "server memory per stream", unit: "KiB" },
    { key: "bytes", label: "size of a frame", unit: "bytes" },
  ],
  sockets: { full: 500, quick: 300 },
  slicesPerPair: 6,
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  const streams = options.sockets - (options.sockets % STREAMS_PER_GROUP);
  await using stack = new AsyncDisposableStack();
  const [gateway, bare] = await Promise.all([buildGateway(), buildControl()]);
  const start = async (server: Server, path: string, addsQueries = true) =>
    stack.use(await openStreams(stack.use(server), { path, streams, addsQueries }));
  const { sluice, redis, control } = await startInTurn(options.pair, {
    sluice: async () => start(await startWorker(gateway, options), "/graphql"),
    redis: async () => start(await startRedisStack("event-streams.ts", options), "/graphql"),
    control: async () => start(await startWorker(bare, options), "/", false),
  });

  const rows: Row[] = [];
  const records = ({ host }: Server): Target => ({
    url: `http://${host}/publish`,
    headers: { Authorization: `Bearer ${DEV_BINDINGS.PUBLISHER_SECRETS}`, "Content-Type": "application/json" },
  });
  const add = async (name: RowName, streams: Streams, targetOf: (part: PartName) => Target) => {
    const frames = await warmUp(streams, targetOf, options);
    rows.push(streamsRow(name, streams, targetOf, frames, options));
    return frames;
  };
  const frames = await add("sluice", sluice, () => records(sluice.server));
  const toMatching = { url: `http://${control.server.host}/matching`, headers: {} };
  assertSamePayloads(frames, await add("control", control, (part) => ({ ...toMatching, frames: frames[part] })));
  assertSamePayloads(frames, await add("redis", redis, () => records(redis.server)));
  // An object that waited while the others were warmed up has been evicted.
  for (const row of rows) {
    await row.run();
    await row.sample();
  }
  const round = stack.move();
  return { rows, [Symbol.asyncDispose]: () => round.disposeAsync() };
}

/** Where and how a part is published. */
type Target = Pick<PublishToStreams, "url" | "headers" | "frames">;

type Frames = Readonly<Record<PartName, readonly string[]>>;

/** What a quick run does of a part. */
const QUICK_SHARE = 1 / 10;

function times(part: Part, calls: number, { count }: Streams, { quick }: BenchOptions) {
  const { isBatch, groups } = part;
  return {
    groups,
    eventsPerCall: isBatch ? groupsOf(count) : 1,
    calls: quick ? Math.ceil(calls * QUICK_SHARE) : calls,
  };
}

/** Returns what the streams got in each part. */
async function warmUp(streams: Streams, targetOf: (part: PartName) => Target, options: BenchOptions): Promise<Frames> {
  const frames: [PartName, readonly string[]][] = [];
  for (const part of PARTS) {
    await streams.publish({ ...targetOf(part.name), ...times(part, part.warmUp, streams, options) });
    frames.push([part.name, await streams.frames()]);
  }
  return Object.fromEntries(frames) as Frames;
}

const NOTHING: MeasuredDelivery = { cpu: 0, events: 0, matched: 0, seconds: 0, latencies: [] };

function streamsRow(
  name: RowName,
  streams: Streams,
  targetOf: (part: PartName) => Target,
  frames: Frames,
  options: BenchOptions,
): Row {
  let done: Readonly<Record<PartName, MeasuredDelivery>> = NO_WORK;
  return {
    name,
    pids: streams.server.pids,
    async run() {
      for (const part of PARTS) {
        const work = await streams.publish({ ...targetOf(part.name), ...times(part, part.calls, streams, options) });
        done = { ...done, [part.name]: sum(done[part.name], work) };
      }
    },
    async sample() {
      const { single, batch, edit } = done;
      done = NO_WORK;
      return {
        cpu: single.cpu / single.events,
        cpuOfBatch: batch.cpu / batch.events,
        cpuOfEdit: edit.cpu / edit.events,
        cpuPerMatch: single.cpu / single.matched,
        rate: single.matched / single.seconds,
        rateOfBatch: batch.matched / batch.seconds,
        rateOfEdit: edit.matched / edit.seconds,
        ...percentilesOf(single.latencies),
        memory: streams.memory,
        bytes: Buffer.byteLength(frames.single[0] ?? ""),
      };
    },
  };
}

const NO_WORK = { single: NOTHING, batch: NOTHING, edit: NOTHING };

function sum(a: MeasuredDelivery, b: MeasuredDelivery): MeasuredDelivery {
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
function assertSamePayloads(ours: Frames, theirs: Frames): void {
  const payloadOf = (frame = "") => frame.slice(frame.indexOf('"payload"'));
  for (const { name } of PARTS) {
    const other = ours[name].findIndex((frame, i) => payloadOf(frame) !== payloadOf(theirs[name][i]));
    if (other === -1) continue;
    throw new Error(`The rows do not send the same:\n${ours[name][other]}\n${theirs[name][other]}`);
  }
}
