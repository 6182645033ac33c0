/** The process that makes an open loop: all subscribers of one server, and a publisher that waits for nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { deriveUuid, signToken } from "../../scripts/lib/sign-token.ts";
import { serveCommands } from "./command-process.ts";
import { HttpConnections } from "./http-connections.ts";
import { LoadSocket } from "./load-socket.ts";
import type { OpenLoopAudience, OpenLoopCommands, SteadyDelivery, SteadyPublish } from "./open-loop-commands.ts";
import { subscribeToAll } from "./opening.ts";
import { fillIn } from "./sequence.ts";

const OPENING_AT_ONCE = 32;
const ARRIVAL_TIMEOUT_MS = 30_000;
const TOKEN_LIFE_SECONDS = 3600;

const sockets: LoadSocket[] = [];
const connections = new HttpConnections();
/** The numbers of the events in the order in which they arrive, which is that of whichever socket is first. */
const order: number[] = [];
const arrivedSomewhere = new Set<number>();
/** How many of them each socket has. */
const had: number[] = [];
/** When each event was due, by its number. */
const due: number[] = [0];
let newest = "";
let latencies: number[] = [];
let late = 0;
let missing = 0;
let firstThatCounts = 0;
let lateAfterMs = Number.POSITIVE_INFINITY;
let failure: Error | undefined;
let onEnd: (() => void) | undefined;

serveCommands<OpenLoopCommands>({ connect, publish });

async function connect(options: OpenLoopAudience): Promise<null> {
  const first = sockets.length;
  const indexes = Array.from({ length: options.sockets }, (_, i) => first + i).values();
  const openSome = async () => {
    for (const index of indexes) sockets.push(await openSocket(index, options));
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
  return null;
}

async function openSocket(index: number, options: OpenLoopAudience): Promise<LoadSocket> {
  const { appSecret, workspaceId } = options;
  const userId = await deriveUuid("bench", String(index));
  const token = await signToken({ appSecret, workspaceId, userId, expiresInSeconds: TOKEN_LIFE_SECONDS });
  had[index] = order.length;
  return LoadSocket.open(
    { ...options, token, opening: subscribeToAll([JSON.stringify(options.subscribe)]) },
    {
      onMessage: (sequence) => receive(index, sequence),
      onFrame: (bytes, start, end) => {
        if (index === 0) newest = bytes.toString("utf8", start, end);
      },
      onFailure: fail,
    },
  );
}

/** Events that are published over several connections at once may come in any order, but in the same everywhere. */
function receive(socket: number, sequence: number): void {
  const place = had[socket] ?? 0;
  had[socket] = place + 1;
  if (place === order.length) {
    if (due[sequence] === undefined || arrivedSomewhere.has(sequence)) {
      return fail(new Error(`Event ${sequence} came a second time, or was never published.`));
    }
    arrivedSomewhere.add(sequence);
    order.push(sequence);
  } else if (order[place] !== sequence) {
    return fail(new Error(`Event ${sequence} came to socket ${socket} where another one had event ${order[place]}.`));
  }
  const latency = performance.now() - (due[sequence] ?? Number.NaN);
  if (sequence >= firstThatCounts) latencies.push(latency);
  if (latency > lateAfterMs) late++;
  missing--;
  if (missing === 0) onEnd?.();
}

function fail(error: Error): void {
  failure ??= error;
  onEnd?.();
}

async function publish(options: SteadyPublish): Promise<SteadyDelivery> {
  const { url, headers, body, events, rate, leadIn = 0, isUnheard = false, until } = options;
  const perEvent = isUnheard ? 0 : sockets.length;
  latencies = [];
  late = 0;
  lateAfterMs = until?.afterMs ?? Number.POSITIVE_INFINITY;
  firstThatCounts = due.length + leadIn;
  const calls: Promise<unknown>[] = [];
  let behind = 0;
  const start = performance.now();
  for (let i = 0; i < events && failure === undefined; i++) {
    const at = start + (i * 1000) / rate;
    const wait = at - performance.now();
    if (wait > 0) await sleep(wait);
    if (until !== undefined && late > until.late) break;
    behind = Math.max(behind, performance.now() - at);
    missing += perEvent;
    due.push(at);
    const text = fillIn(body, due.length - 1, 1);
    calls.push(connections.post(url, headers, text).catch(fail));
  }
  await arrived();
  await Promise.all(calls);
  if (failure !== undefined) throw failure;
  return {
    latencies,
    behind,
    delivered: calls.length * perEvent,
    isLate: until !== undefined && late > until.late,
    frame: newest,
  };
}

async function arrived(): Promise<void> {
  if (missing === 0 || failure !== undefined) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  onEnd = resolve;
  const timer = setTimeout(() => fail(new Error(`${missing} messages did not arrive.`)), ARRIVAL_TIMEOUT_MS);
  await promise;
  clearTimeout(timer);
  onEnd = undefined;
}
