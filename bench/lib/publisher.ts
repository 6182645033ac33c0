import { join } from "node:path";
import { startProcess } from "./command-process.ts";
import { cpuMicros } from "./process-usage.ts";
import type { Published, PublisherCommands, PublishMany } from "./publisher-commands.ts";
import type { Server } from "./server.ts";

/** A publisher of one server, in a process of its own. */
export interface Publisher extends AsyncDisposable {
  /** `cpu` is the server's, in microseconds. */
  publish(options: PublishMany): Promise<Published & { readonly cpu: number }>;
}

export function startPublisher({ pids }: Server): Publisher {
  const child = startProcess<PublisherCommands>(join(import.meta.dirname, "publisher-process.ts"));
  return {
    async publish(options) {
      const before = cpuMicros(pids);
      const published = await child.run("publish", options);
      return { ...published, cpu: cpuMicros(pids) - before };
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
