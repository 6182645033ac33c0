/** The process that makes the load: all subscribers of one server, and its publisher. Started by `load.ts`. */
import { deriveUuid, signToken } from "../../scripts/lib/sign-token.ts";
import { serveCommands } from "./command-process.ts";
import { Flights } from "./flights.ts";
import { HttpConnections } from "./http-connections.ts";
import { Arrivals } from "./load-arrivals.ts";
import type { ConnectOptions, Delivery, LatencyMs, LoadCommands, PublishOptions } from "./load-commands.ts";
import { idle } from "./load-idle.ts";
import { LoadSocket } from "./load-socket.ts";
import { subscribeToAll } from "./opening.ts";
import { fillIn, watcherOf } from "./sequence.ts";
import { percentile } from "./statistics.ts";

const OPENING_AT_ONCE = 32;
const TOKEN_LIFE_SECONDS = 3600;

const sockets: LoadSocket[] = [];
const connections = new HttpConnections();
const flights = new Flights();
const fail = (error: Error) => flights.fail(error);
const arrivals = new Arrivals(fail);
/** Who gets what, as the last `connect` said. */
let audience: Pick<ConnectOptions, "receivers" | "watchers" | "subscriptionsPerSocket"> | undefined;
let published = 0;

serveCommands<LoadCommands>({
  connect,
  publish,
  latency: async () => takeLatency(),
  async idle(options) {
    await idle(sockets, options);
    flights.assertSound();
  },
  sign: (options) => arrivals.sign(options),
  arrive: (options) => arrivals.arrive(options),
  depart: async () => arrivals.depart(),
});

async function connect(options: ConnectOptions): Promise<void> {
  audience = options;
  const first = sockets.length;
  const indexes = Array.from({ length: options.sockets }, (_, i) => first + i).values();
  const openSome = async () => {
    for (const index of indexes) sockets.push(await openSocket(index, options));
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
}

async function openSocket(index: number, options: ConnectOptions): Promise<LoadSocket> {
  const { appSecret, workspaceId, subscriptionsPerSocket, subscribe, watchers, areNumbered } = options;
  const userId = await deriveUuid("bench", String(index));
  const token = await signToken({ appSecret, workspaceId, userId, expiresInSeconds: TOKEN_LIFE_SECONDS });
  const payloads = Array.from({ length: subscriptionsPerSocket }, (_, i) => {
    const watcher = index * subscriptionsPerSocket + i;
    return fillIn(JSON.stringify(subscribe[watcher % subscribe.length]), watcher + 1, watchers);
  });
  let last = 0;
  const onMessage = (sequence: number) => {
    receive(index, last, sequence);
    last = sequence;
  };
  const conversation = { ...options, token, opening: subscribeToAll(payloads, areNumbered) };
  const onFrame = (bytes: Buffer, start: number, end: number) => {
    if (index === 0 || newest === "") newest = bytes.toString("utf8", start, end);
  };
  return LoadSocket.open(conversation, { onMessage, onFrame, onFailure: fail });
}

/** Of the first socket, or of the first one that got something. */
let newest = "";

function receive(socket: number, last: number, sequence: number): void {
  if (!flights.receive(sequence)) return;
  if (isNext(socket, last, sequence)) flights.land();
  else fail(new Error(`Message ${sequence} came to socket ${socket} after message ${last}.`));
}

/** Whether a socket is to get this message after that one. That none is missing, their count tells. */
function isNext(socket: number, last: number, sequence: number): boolean {
  if (audience === undefined) return false;
  const { receivers, watchers, subscriptionsPerSocket } = audience;
  if (receivers === "all") return sequence === Math.max(last + 1, flights.numbers?.first ?? 0);
  return sequence > last && Math.floor(watcherOf(sequence, watchers) / subscriptionsPerSocket) === socket;
}

async function publish(options: PublishOptions): Promise<Delivery> {
  const perEvent = receiversOf(options);
  const startedAt = performance.now();
  for (let call = 0; call < options.calls; call++) await publishOnce(options, perEvent);
  const seconds = (performance.now() - startedAt) / 1000;
  const events = options.calls * options.eventsPerCall;
  return { events, delivered: events * perEvent, seconds, frame: newest };
}

function receiversOf({ isUnheard }: PublishOptions): number {
  if (isUnheard) return 0;
  return audience?.receivers === "all" ? sockets.length : 1;
}

function takeLatency(): LatencyMs {
  const sorted = Float64Array.from(flights.latencies).sort();
  flights.latencies = [];
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
}

async function publishOnce({ url, headers, body, eventsPerCall }: PublishOptions, perEvent: number): Promise<void> {
  const first = published + 1;
  published += eventsPerCall;
  const text = fillIn(body, first, audience?.watchers ?? 1);
  await flights.fly({ first, last: published }, perEvent * eventsPerCall, () => connections.post(url, headers, text));
}
