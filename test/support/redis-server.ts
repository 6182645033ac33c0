import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";
import { killAtExit } from "./kill-at-exit.ts";

const STARTS_WITHIN_MS = 10_000;

/** A redis-server of its own that keeps nothing on disk. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

/** Why no Redis can be started here; undefined when one can. Debian's package is `redis-server`. */
export function whyNoRedis(): string | undefined {
  const { error } = spawnSync("redis-server", ["--version"]);
  return error === undefined
    ? undefined
    : "there is no redis-server on this machine (Debian's package is redis-server)";
}

/**
 * Starts Debian's redis-server on 127.0.0.1, and returns when it answers.
 * @param port a free one by default; that of one that was killed, to stand in its place
 * @throws Error with what it wrote when it ends instead, or does not answer within 10 s
 */
export async function startRedis(port?: number): Promise<RedisServer> {
  const on = port ?? (await freePort());
  const settings = ["--port", String(on), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", settings, { stdio: ["ignore", "pipe", "pipe"] });
  killAtExit(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  const isUp = await Promise.race([answers(on), exited.then(() => false)]);
  if (!isUp || child.pid === undefined) {
    await kill();
    throw new Error(`redis-server did not start:\n${output}`);
  }
  return { port: on, pid: child.pid, kill, [Symbol.asyncDispose]: kill };
}

async function answers(port: number): Promise<boolean> {
  const client = new Redis(port, "127.0.0.1", {
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
  });
  // A connection that is refused is tried again; without a listener it would be an exception that nobody caught.
  client.on("error", () => undefined);
  const late = AbortSignal.timeout(STARTS_WITHIN_MS);
  const tooLate = once(late, "abort").then(() => false);
  try {
    return await Promise.race([client.ping().then(() => true), tooLate]);
  } finally {
    client.disconnect();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
