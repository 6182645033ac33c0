import { join } from "node:path";
import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { startProcess } from "./command-process.ts";
import type { OpenLoopAudience, OpenLoopCommands, SteadyDelivery, SteadyPublish } from "./open-loop-commands.ts";
import { cpuMicros } from "./process-usage.ts";
import type { Publish } from "./publishing.ts";
import type { Server } from "./server.ts";

/** A server with its subscribers, and a publisher that does not wait for them. */
export interface OpenLoop extends AsyncDisposable {
  readonly server: Server;
  publish(publish: Publish, steady: Steady): Promise<SteadyDelivery & { readonly cpu: number }>;
}

export type Steady = Pick<SteadyPublish, "events" | "rate" | "leadIn" | "until">;

export async function openLoop(
  server: Server,
  audience: Pick<OpenLoopAudience, "path" | "sockets" | "subscribe">,
): Promise<OpenLoop> {
  await using stack = new AsyncDisposableStack();
  const load = stack.use(startProcess<OpenLoopCommands>(join(import.meta.dirname, "open-loop-process.ts")));
  await load.run("connect", {
    ...audience,
    host: server.host,
    appSecret: DEV_BINDINGS.APP_SECRET,
    workspaceId: DEV_WORKSPACE_ID,
    tokenIn: "subprotocol",
    subprotocol: "graphql-transport-ws",
  });
  const running = stack.move();
  return {
    server,
    async publish({ url, headers, body, isUnheard = false }, steady) {
      const before = cpuMicros(server.pids);
      const delivery = await load.run("publish", { ...steady, url, headers, body, isUnheard });
      return { ...delivery, cpu: cpuMicros(server.pids) - before };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export interface Ramp {
  /** Milliseconds that the p99 passes. */
  readonly limit: number;
  readonly secondsPerStep: number;
  /** Events per second of the first step. */
  readonly from: number;
  /** How often the span between the last rate that was met and the first that was not is cut in two. */
  readonly halvings: number;
}

/**
 * The rate at which the p99 of the latency passes a limit: doubled until it does, then bisected. Halfway, by ratio,
 * between the highest rate that stayed within and the lowest that did not.
 */
export async function rateAtLimit(loop: OpenLoop, publish: Publish, sockets: number, ramp: Ramp): Promise<number> {
  const passes = async (rate: number) => {
    const events = Math.ceil(rate * ramp.secondsPerStep);
    // Once more than one in a hundred is late, no more is needed to know it.
    const until = { late: (events * sockets) / 100, afterMs: ramp.limit };
    return (await loop.publish(publish, { events, rate, until })).isLate;
  };
  let within = ramp.from;
  while (await passes(within)) within /= 2;
  let beyond = within * 2;
  while (!(await passes(beyond))) {
    within = beyond;
    beyond *= 2;
  }
  for (let i = 0; i < ramp.halvings; i++) {
    const middle = Math.sqrt(within * beyond);
    if (await passes(middle)) beyond = middle;
    else within = middle;
  }
  return Math.sqrt(within * beyond);
}
