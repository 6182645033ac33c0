import { join } from "node:path";
import { startProcess } from "./command-process.ts";
import type { ConnectOptions, Delivery, LatencyMs, LoadCommands, PublishOptions } from "./load-commands.ts";

/** The subscribers and the publisher of one server, in a process of their own. */
export interface Load extends AsyncDisposable {
  connect(options: ConnectOptions): Promise<void>;
  publish(options: PublishOptions): Promise<Delivery>;
  /** Of what was published since the last time. */
  latency(): Promise<LatencyMs>;
}

export function startLoad(): Load {
  const load = startProcess<LoadCommands>(join(import.meta.dirname, "load-process.ts"));
  return {
    connect: (options) => load.run("connect", options),
    publish: (options) => load.run("publish", options),
    latency: () => load.run("latency", null),
    [Symbol.asyncDispose]: () => load[Symbol.asyncDispose](),
  };
}
