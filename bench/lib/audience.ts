import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { startLoad } from "./load.ts";
import type { ConnectOptions, Delivery, IdleOptions, LatencyMs, PublishOptions } from "./load-commands.ts";
import { cpuMicros, residentBytes } from "./process-usage.ts";
import type { Server } from "./server.ts";

/** How the clients of a server connect, and what they subscribe to. */
export type AudienceOptions = Omit<ConnectOptions, "host" | "appSecret" | "workspaceId" | "watchers">;

/** A publish that was measured. */
export interface Measured extends Delivery {
  /** Of the server, from the first publish to the last message, in microseconds. */
  readonly cpu: number;
}

/** A server with its subscribers, each of them a user of its own with a token of its own. */
export interface Audience extends AsyncDisposable {
  readonly server: Server;
  /** What a connection takes of the server's memory, in KiB. The first tenth is not counted: it pays for the start. */
  readonly memory: number;
  publish(options: PublishOptions): Promise<Measured>;
  latency(): Promise<LatencyMs>;
  idle(options: IdleOptions): Promise<void>;
}

/** Opens all sockets, and subscribes on each. */
export async function openAudience(server: Server, options: AudienceOptions): Promise<Audience> {
  await using stack = new AsyncDisposableStack();
  const load = stack.use(startLoad());
  const { host, pids } = server;
  const watchers = options.sockets * options.subscriptionsPerSocket;
  const where = { ...options, host, watchers, appSecret: DEV_BINDINGS.APP_SECRET, workspaceId: DEV_WORKSPACE_ID };
  const first = Math.ceil(options.sockets / 10);
  await load.connect({ ...where, sockets: first });
  const before = residentBytes(pids);
  await load.connect({ ...where, sockets: options.sockets - first });
  const memory = (residentBytes(pids) - before) / (options.sockets - first) / 1024;
  const running = stack.move();
  return {
    server,
    memory,
    async publish(publish) {
      const cpuBefore = cpuMicros(pids);
      const delivery = await load.publish(publish);
      return { ...delivery, cpu: cpuMicros(pids) - cpuBefore };
    },
    latency: () => load.latency(),
    idle: (options) => load.idle(options),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
