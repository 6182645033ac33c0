/** The process that makes the load: all subscribers of one server, and its publisher. Started by `load.ts`. */
import { Agent, request } from "node:http";
import { deriveUuid, signToken } from "../../scripts/lib/sign-token.ts";
import type {
  CommandAnswer,
  CommandRequest,
  ConnectOptions,
  Delivery,
  LatencyMs,
  PublishOptions,
} from "./load-commands.ts";
import { LoadSocket } from "./load-socket.ts";
import { withSequence } from "./sequence.ts";
import { percentile } from "./statistics.ts";

const OPENING_AT_ONCE = 32;
const ARRIVAL_TIMEOUT_MS = 30_000;
const TOKEN_LIFE_SECONDS = 3600;

const sockets: LoadSocket[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let published = 0;
let latencies: number[] = [];
let failure: Error | undefined;
/** Set while an event is on its way. */
let flight: Flight | undefined;

interface Flight {
  readonly sequence: number;
  readonly sentAt: number;
  missing: number;
  readonly land: (error?: Error) => void;
}

process.on("message", async (command: CommandRequest) => {
  const answer: CommandAnswer = await run(command).then(
    (value) => ({ value }),
    (thrown: Error) => ({ error: thrown.message }),
  );
  process.send?.(answer);
});
process.on("disconnect", () => process.exit());

async function run(command: CommandRequest): Promise<unknown> {
  switch (command.name) {
    case "connect":
      return connect(command.options as ConnectOptions);
    case "publish":
      return publish(command.options as PublishOptions);
    case "latency":
      return takeLatency();
  }
}

async function connect({ sockets: count, appSecret, workspaceId, ...where }: ConnectOptions): Promise<void> {
  const first = sockets.length;
  const users = Array.from({ length: count }, (_, i) => first + i).values();
  const openSome = async () => {
    for (const user of users) {
      const userId = await deriveUuid("bench", String(user));
      const token = await signToken({ appSecret, workspaceId, userId, expiresInSeconds: TOKEN_LIFE_SECONDS });
      const onMessage = user === 0 ? receiveAndKeep : receive;
      sockets.push(await LoadSocket.open({ ...where, token }, onMessage, fail));
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
}

let newest = "";

function receiveAndKeep(sequence: number, bytes: Buffer, start: number, end: number): void {
  newest = bytes.toString("utf8", start, end);
  receive(sequence);
}

function receive(sequence: number): void {
  if (flight === undefined || flight.sequence !== sequence) {
    fail(new Error(`Message ${sequence} came although it is not on its way.`));
    return;
  }
  latencies.push(performance.now() - flight.sentAt);
  flight.missing--;
  if (flight.missing === 0) flight.land();
}

function fail(error: Error): void {
  failure ??= error;
  flight?.land(error);
}

async function publish(options: PublishOptions): Promise<Delivery> {
  const startedAt = performance.now();
  for (let event = 0; event < options.events; event++) await publishOne(options);
  const seconds = (performance.now() - startedAt) / 1000;
  return { delivered: options.events * sockets.length, seconds, message: newest };
}

function takeLatency(): LatencyMs {
  const sorted = Float64Array.from(latencies).sort();
  latencies = [];
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
}

async function publishOne({ url, headers, body }: PublishOptions): Promise<void> {
  if (failure !== undefined) throw failure;
  const sequence = ++published;
  const text = Buffer.from(withSequence(body, sequence));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => fail(new Error(missingText())), ARRIVAL_TIMEOUT_MS);
  const land = (error?: Error) => (error === undefined ? resolve() : reject(error));
  flight = { sequence, sentAt: performance.now(), missing: sockets.length, land };
  await Promise.all([promise, post(url, headers, text)]);
  clearTimeout(timer);
  flight = undefined;
}

function missingText(): string {
  return `Message ${flight?.sequence} did not reach ${flight?.missing} of ${sockets.length} sockets.`;
}

function post(url: string, headers: PublishOptions["headers"], body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const length = { "Content-Length": String(body.length) };
    const sent = request(url, { agent, method: "POST", headers: { ...headers, ...length } }, (response) => {
      let answer = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (answer += chunk));
      response.on("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`Publishing was answered by ${response.statusCode} ${answer}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
