import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { startRedis } from "../../test/support/redis-server.ts";
import type { Server } from "./server.ts";

/**
 * Starts the Redis stack: a redis-server, and one Node process in front of it that speaks with clients.
 * @param program which one, in `bench/redis-stack`
 */
export async function startRedisStack(program: string, { symbols }: { symbols: boolean }): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis());
  const flags = symbols ? ["--perf-basic-prof", "--interpreted-frames-native-stack"] : [];
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, "..", "redis-stack", program)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      NODE_ENV: "production",
      REDIS_PORT: String(redis.port),
      APP_SECRET: DEV_BINDINGS.APP_SECRET,
      PUBLISHER_SECRET: DEV_BINDINGS.PUBLISHER_SECRETS,
    },
  });
  const exited = once(child, "exit");
  stack.defer(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const printed = once(createInterface({ input: child.stdout }), "line");
  const [port] = await Promise.race([printed, exited.then(() => [])]);
  if (port === undefined || child.pid === undefined) throw new Error(`${program} of the Redis stack did not start.`);
  const running = stack.move();
  return {
    host: `127.0.0.1:${port}`,
    pids: [child.pid, redis.pid],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
