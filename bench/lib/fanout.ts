import { type Audience, type AudienceOptions, openAudience } from "./audience.ts";
import { buildControl, buildGateway } from "./build.ts";
import type { ConnectOptions } from "./load-commands.ts";
import { type Publish, publishPersons, publishUnheard, sendFrames, sendUnheard } from "./publishing.ts";
import { startRedisStack } from "./redis-stack.ts";
import type { BenchOptions, Figure, Round, Row, RowName } from "./scenario.ts";
import type { Server } from "./server.ts";
import { startInTurn } from "./start-order.ts";
import { startWorker } from "./workerd.ts";

/** A scenario whose rows differ in nothing but the server: persons change, and subscribers are told. */
export interface Fanout {
  readonly subscribe: ConnectOptions["subscribe"];
  /** What the clients of another Sluice subscribe to, which is the baseline then. */
  readonly baselineSubscribe?: ConnectOptions["subscribe"];
  readonly receivers: ConnectOptions["receivers"];
  readonly tokenIn: ConnectOptions["tokenIn"];
  /** Of Sluice. The others speak `graphql-transport-ws`, which is all they know. */
  readonly subprotocol: string;
  /** A slice is made of them, one after the other. */
  readonly parts: readonly FanoutPart[];
}

export interface FanoutPart {
  /** Where its server CPU per delivered message goes. */
  readonly figure: string;
  readonly eventsPerCall: number;
  /** Messages of a slice, at least one call of them. */
  readonly messages: number;
}

/**
 * Compilers take some thousand calls until they have settled. The way of a publish, which a fan-out takes rarely, is
 * warmed up by events that nobody is subscribed to, that of a message by messages. And how much of a slice is done.
 */
const FULL = { warmUpEvents: 2_000, warmUpMessages: 20_000, share: 1 };
const QUICK = { warmUpEvents: 300, warmUpMessages: 4_500, share: 1 / 6 };

export const CPU_PER_MESSAGE = { label: "server CPU per delivered message", unit: "µs" } as const;

/** What every row of a fan-out measures besides, in its first part. */
export const FANOUT_FIGURES: readonly Figure[] = [
  { key: "rate", label: "delivered per second", unit: "messages/s" },
  { key: "p50", label: "publish to receive, p50", unit: "ms" },
  { key: "p95", label: "publish to receive, p95", unit: "ms" },
  { key: "p99", label: "publish to receive, p99", unit: "ms" },
  { key: "memory", label: "server memory per connection", unit: "KiB" },
  { key: "bytes", label: "size of a frame", unit: "bytes" },
];

const PLAIN = "graphql-transport-ws";

/** Starts a server for every row, opens their sockets, and warms them up. */
export async function openFanout(fanout: Fanout, options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const { receivers, tokenIn, subprotocol, parts, baselineSubscribe } = fanout;
  const open = async (
    server: Server,
    own: Pick<AudienceOptions, "path" | "subprotocol" | "subscribe" | "areNumbered">,
  ) => {
    const same = { sockets: options.sockets, tokenIn, subscriptionsPerSocket: 1, receivers };
    return stack.use(await openAudience(stack.use(server), { ...same, ...own }));
  };
  const [gatewayWorker, controlWorker] = await Promise.all([buildGateway(), buildControl()]);
  // Only Sluice's own client speaks the subprotocol of batches, and it numbers its operations.
  const areNumbered = subprotocol !== PLAIN;
  const openGateway = async (subscribe: Fanout["subscribe"]) =>
    open(await startWorker(gatewayWorker, options), { path: "/graphql", subprotocol, subscribe, areNumbered });
  const plain = { subprotocol: PLAIN, subscribe: fanout.subscribe };
  const controlPath = tokenIn === "connectionParams" ? "/relayed" : "/";
  const audiences = await startInTurn(options.pair, {
    sluice: () => openGateway(fanout.subscribe),
    control: async () => open(await startWorker(controlWorker, options), { path: controlPath, ...plain }),
    redis: async () => open(await startRedisStack("on-db-event.ts", options), { path: "/graphql", ...plain }),
    ...(baselineSubscribe !== undefined && { baseline: () => openGateway(baselineSubscribe) }),
  });
  const { sluice, control, redis, baseline } = audiences;
  const work = new Map<Audience, PartWork[]>(Object.values(audiences).map((audience) => [audience, []]));
  for (const part of parts) {
    const { eventsPerCall, figure } = part;
    const perEvent = receivers === "all" ? options.sockets : 1;
    const callsOf = (messages: number) => Math.ceil(messages / (perEvent * eventsPerCall));
    const { warmUpEvents, warmUpMessages, share } = options.quick ? QUICK : FULL;
    const add = async (audience: Audience, publish: Publish, unheard: Publish) => {
      work.get(audience)?.push({ figure, publish, calls: callsOf(part.messages * share) });
      await audience.publish({ ...unheard, calls: warmUpEvents / eventsPerCall });
      const { frame } = await audience.publish({ ...publish, calls: callsOf(warmUpMessages / perMessage(fanout)) });
      return frame;
    };
    const addPersons = (audience: Audience) =>
      add(
        audience,
        publishPersons(audience.server, eventsPerCall, receivers),
        publishUnheard(audience.server, eventsPerCall),
      );
    const frame = await addPersons(sluice);
    await add(
      control,
      sendFrames(control.server, eventsPerCall, receivers, frame),
      sendUnheard(control.server, eventsPerCall, frame),
    );
    const theirs = await addPersons(redis);
    if (baseline !== undefined) await addPersons(baseline);
    if (subprotocol === PLAIN) assertSameSize(frame, theirs);
  }
  const rows: Row[] = [];
  for (const [name, audience] of Object.entries(audiences)) {
    rows.push(fanoutRow(name as RowName, audience, work.get(audience) ?? []));
  }
  // An object that waited while the others were warmed up has been evicted; and latencies of the warm-up do not count.
  for (const row of rows) {
    await row.run();
    await row.sample();
  }
  const round = stack.move();
  return { rows, [Symbol.asyncDispose]: () => round.disposeAsync() };
}

/** Where an event reaches one subscriber only, the Redis stack works thousands of times as much for a message. */
function perMessage({ receivers }: Fanout): number {
  return receivers === "all" ? 1 : 10;
}

interface PartWork {
  readonly figure: string;
  readonly publish: Publish;
  readonly calls: number;
}

function fanoutRow(name: RowName, audience: Audience, work: readonly PartWork[]): Row {
  let totals = work.map(() => ({ delivered: 0, seconds: 0, cpu: 0 }));
  let bytes = 0;
  return {
    name,
    pids: audience.server.pids,
    async run() {
      for (const [i, { publish, calls }] of work.entries()) {
        const { cpu, delivered, seconds, frame } = await audience.publish({ ...publish, calls });
        const total = totals[i];
        if (total === undefined) continue;
        total.cpu += cpu;
        total.delivered += delivered;
        total.seconds += seconds;
        if (i === 0) bytes = Buffer.byteLength(frame);
      }
    },
    async sample() {
      const perMessage = work.map(({ figure }, i) => [figure, quotient(totals[i]?.cpu, totals[i]?.delivered)]);
      const rate = quotient(totals[0]?.delivered, totals[0]?.seconds);
      totals = work.map(() => ({ delivered: 0, seconds: 0, cpu: 0 }));
      return { ...Object.fromEntries(perMessage), rate, ...(await audience.latency()), memory: audience.memory, bytes };
    },
  };
}

function quotient(a = Number.NaN, b = Number.NaN): number {
  return a / b;
}

function assertSameSize(ours: string, theirs: string): void {
  if (ours.length === theirs.length) return;
  throw new Error(`The rows do not send the same:\n${ours}\n${theirs}`);
}
