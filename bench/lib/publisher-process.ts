/** The process that publishes as fast as it is answered, to a server that has no subscribers. */
import { serveCommands } from "./command-process.ts";
import { HttpConnections } from "./http-connections.ts";
import type { Published, PublisherCommands, PublishMany } from "./publisher-commands.ts";
import { fillIn } from "./sequence.ts";

let published = 0;
const connections = new HttpConnections();

serveCommands<PublisherCommands>({ publish });

async function publish({ url, headers, body, eventsPerCall, calls, atOnce }: PublishMany): Promise<Published> {
  const texts = Array.from({ length: calls }, (_, call) => fillIn(body, published + 1 + call * eventsPerCall, 1));
  published += calls * eventsPerCall;
  const rest = texts.values();
  const publishSome = async () => {
    for (const text of rest) await connections.post(url, headers, text);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, publishSome));
  return { calls, seconds: (performance.now() - startedAt) / 1000 };
}
