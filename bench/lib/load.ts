import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type {
  Arrival,
  ArriveOptions,
  CommandAnswer,
  CommandName,
  CommandRequest,
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
  const child = fork(join(import.meta.dirname, "load-process.ts"));
  const exited = once(child, "exit");

  async function run<Name extends CommandName>(
    name: Name,
    options: LoadCommands[Name]["options"],
  ): Promise<LoadCommands[Name]["answer"]> {
    const request: CommandRequest<Name> = { name, options };
    const answered = once(child, "message");
    child.send(request);
    const ended = exited.then((): [CommandAnswer] => [{ error: "The load process ended." }]);
    const [answer] = (await Promise.race([answered, ended])) as [CommandAnswer];
    if ("error" in answer) throw new Error(answer.error);
    return answer.value as LoadCommands[Name]["answer"];
  }

  return {
    connect: (options) => run("connect", options),
    publish: (options) => run("publish", options),
    latency: () => run("latency", null),
    idle: (options) => run("idle", options),
    sign: (options) => run("sign", options),
    arrive: (options) => run("arrive", options),
    depart: () => run("depart", null),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
