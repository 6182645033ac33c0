/** The process with the sockets that are dropped and come back. Started by `reconnecting.ts`. */
import { deriveUuid, signToken } from "../../scripts/lib/sign-token.ts";
import { serveCommands } from "./command-process.ts";
import { MOST, type ResumeCommands, type Resumed, type ResumeOptions } from "./resume-commands.ts";
import { ResumingSocket } from "./resuming-socket.ts";
import { fillIn, watcherOf } from "./sequence.ts";
import { percentile } from "./statistics.ts";

const OPENING_AT_ONCE = 32;
const TIMEOUT_MS = 60_000;
const TOKEN_LIFE_SECONDS = 3600;

let sockets: ResumingSocket[] = [];
const tokens = new Map<number, string>();

serveCommands<ResumeCommands>({
  connect,
  async drop() {
    for (const socket of sockets) socket.drop();
    sockets = [];
    return null;
  },
});

async function connect(options: ResumeOptions): Promise<Resumed> {
  await Promise.all(Array.from({ length: options.sockets }, (_, index) => makeToken(index, options)));
  const liveAt: number[] = [];
  let messages = 0;
  const { promise: allLive, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    reject(new Error(`Of ${options.sockets} sockets, ${liveAt.length} had caught up after ${TIMEOUT_MS / 1000} s.`));
  }, TIMEOUT_MS);
  const startedAt = performance.now();
  const open = (index: number) => {
    return new Promise<void>((onSubscribed) => {
      const expected = numbersFor(index, options);
      const listener = {
        onSubscribed,
        onFailure: reject,
        onMessage(sequence: number) {
          messages++;
          const next = expected.next().value;
          if (sequence !== next) reject(new Error(`Socket ${index} got message ${sequence} in the place of ${next}.`));
        },
        onLive() {
          const missing = expected.next().value;
          if (missing !== undefined) reject(new Error(`Socket ${index} was live without message ${missing}.`));
          liveAt.push((performance.now() - startedAt) / 1000);
          if (liveAt.length === options.sockets) resolve();
        },
      };
      const { host } = options;
      sockets.push(
        new ResumingSocket({ host, token: tokens.get(index) ?? "", payload: payloadOf(index, options) }, listener),
      );
    });
  };
  const indexes = Array.from({ length: options.sockets }, (_, index) => index).values();
  const openSome = async () => {
    for (const index of indexes) await open(index);
  };
  void Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
  await allLive;
  clearTimeout(timer);
  const secondsUntil = { half: percentile(liveAt, 0.5), most: percentile(liveAt, MOST), all: percentile(liveAt, 1) };
  return { secondsUntil, messages };
}

async function makeToken(index: number, { appSecret, workspaceId }: ResumeOptions): Promise<void> {
  if (tokens.has(index)) return;
  const userId = await deriveUuid("bench", String(index));
  tokens.set(index, await signToken({ appSecret, workspaceId, userId, expiresInSeconds: TOKEN_LIFE_SECONDS }));
}

function payloadOf(index: number, { subscribe, records, after }: ResumeOptions): string {
  const resume = after.length === 0 ? {} : { after: after[Math.floor(index / records) % after.length] };
  return fillIn(JSON.stringify({ ...subscribe, extensions: { resume } }), (index % records) + 1, records);
}

/** The numbers of the messages that a socket missed, in order. */
function* numbersFor(
  index: number,
  { records, missed: { first, count } }: ResumeOptions,
): Generator<number, undefined> {
  for (let sequence = first; sequence < first + count; sequence++) {
    if (watcherOf(sequence, records) === index % records) yield sequence;
  }
  return undefined;
}
