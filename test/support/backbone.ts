import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { gatewayAt } from "./gateway.ts";
import { startRedis } from "./redis-server.ts";
import { startWorkerd } from "./workerd.ts";

/** The process between servers, which carries what one publishes to those that are subscribed. */
export interface Backbone {
  readonly port: number;
  /** What the server of examples/replace-redis-pubsub is told that shall reach it at a port of this machine. */
  settings(port: number): Readonly<Record<string, string>>;
  /** How many triggers servers are subscribed to in a workspace, each server's counted. */
  subscriptions(workspaceId: string): Promise<number>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** On the port that it had. */
  startAgain(): Promise<void>;
  /** Ends it and what it left. */
  stop(): Promise<void>;
}

export async function startRedisBackbone(): Promise<Backbone> {
  let redis = await startRedis();
  const { port } = redis;
  return {
    port,
    settings: (to) => ({ ENGINE: "redis", REDIS_PORT: String(to) }),
    async subscriptions(workspaceId) {
      const client = new Redis(port, "127.0.0.1");
      try {
        const channels = (await client.pubsub("CHANNELS", `*:${workspaceId}:*`)) as string[];
        const counts = (await client.pubsub("NUMSUB", ...channels)) as (string | number)[];
        const exact = counts.filter((each) => typeof each === "number").reduce((sum, count) => sum + count, 0);
        // Of patterns only the number is told, of all workspaces.
        return exact + Number(await client.pubsub("NUMPAT"));
      } finally {
        client.disconnect();
      }
    },
    kill: () => redis.kill(),
    async startAgain() {
      redis = await startRedis(port);
    },
    stop: () => redis.kill(),
  };
}

export async function startGatewayBackbone(): Promise<Backbone> {
  const storageDir = await mkdtemp(join(tmpdir(), "sluice-backbone-"));
  let workerd = await startWorkerd({ storageDir });
  const { url } = workerd;
  const port = Number(new URL(url).port);
  const kill = async () => {
    workerd.kill("SIGKILL");
    await workerd.exited;
  };
  return {
    port,
    settings: (to) => ({ ENGINE: "sluice", GATEWAY: `http://127.0.0.1:${to}` }),
    subscriptions: async (workspaceId) => (await gatewayAt(url).inspect(workspaceId)).operations,
    kill,
    async startAgain() {
      workerd = await startWorkerd({ storageDir, port });
    },
    async stop() {
      await kill();
      await rm(storageDir, { recursive: true });
    },
  };
}
