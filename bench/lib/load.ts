import { join } from "node:path";
import { startProcess } from "./command-process.ts";
import type {
  Arrival,
  ArriveOptions,
  ConnectOptions,
  Delivery,
  IdleOptions,
  LatencyMs,
  LoadCommands,
  PublishOptions,
  SignOptions,
} from "./load-commands.ts";

/** The subscribers and the publisher of one server, in a process of their own. */
export interface Load extends AsyncDisposable {
  connect(options: ConnectOptions): Promise<void>;
  publish(options: PublishOptions): Promise<Delivery>;
  /** Of what was published since the last time. */
  latency(): Promise<LatencyMs>;
  idle(options: IdleOptions): Promise<void>;
  sign(options: SignOptions): Promise<void>;
  arrive(options: ArriveOptions): Promise<Arrival>;
  depart(): Promise<void>;
}

export function startLoad(): Load {
  const load = startProcess<LoadCommands>(join(import.meta.dirname, "load-process.ts"));
  return {
    connect: (options) => load.run("connect", options),
    publish: (options) => load.run("publish", options),
    latency: () => load.run("latency", null),
    idle: (options) => load.run("idle", options),
    sign: (options) => load.run("sign", options),
    arrive: (options) => load.run("arrive", options),
    depart: () => load.run("depart", null),
    [Symbol.asyncDispose]: () => load[Symbol.asyncDispose](),
  };
}
