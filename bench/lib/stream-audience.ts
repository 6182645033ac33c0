import { join } from "node:path";
import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { startProcess } from "./command-process.ts";
import { cpuMicros, residentBytes } from "./process-usage.ts";
import type { Server } from "./server.ts";
import type { ConnectStreams, PublishToStreams, StreamDelivery, StreamLoadCommands } from "./stream-load-commands.ts";

/** A publish that was measured. */
export interface MeasuredDelivery extends StreamDelivery {
  /** Of the server, from the first publish to the last message, in microseconds. */
  readonly cpu: number;
}

/** A server with its event streams, each on a socket of its own. */
export interface Streams extends AsyncDisposable {
  readonly server: Server;
  readonly count: number;
  /** What a stream with its connection takes of the server's memory, in KiB. The first tenth pays for the start. */
  readonly memory: number;
  publish(options: PublishToStreams): Promise<MeasuredDelivery>;
  /** What the streams got last, since this was last asked for. */
  frames(): Promise<readonly string[]>;
}

/** Opens all streams of a server, and adds their queries. */
export async function openStreams(
  server: Server,
  options: Pick<ConnectStreams, "path" | "streams" | "addsQueries">,
): Promise<Streams> {
  await using stack = new AsyncDisposableStack();
  const load = stack.use(startProcess<StreamLoadCommands>(join(import.meta.dirname, "stream-load-process.ts")));
  const { host, pids } = server;
  const { streams } = options;
  const where = { ...options, host, appSecret: DEV_BINDINGS.APP_SECRET, workspaceId: DEV_WORKSPACE_ID };
  const first = Math.ceil(streams / 10);
  await load.run("connect", { ...where, sockets: first });
  const before = residentBytes(pids);
  await load.run("connect", { ...where, sockets: streams - first });
  const memory = (residentBytes(pids) - before) / (streams - first) / 1024;
  const running = stack.move();
  return {
    server,
    count: streams,
    memory,
    async publish(publish) {
      const cpuBefore = cpuMicros(pids);
      const delivery = await load.run("publish", publish);
      return { ...delivery, cpu: cpuMicros(pids) - cpuBefore };
    },
    frames: () => load.run("frames", null),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
