/** The process that publishes as fast as it is answered, to a server that has no subscribers. */
import { serveCommands } from "./command-process.ts";
import { HttpConnections } from "./http-connections.ts";
import type { Published, PublisherCommands, PublishMany } from "./publisher-commands.ts";
import { fillIn } from "./sequence.ts";

let published = 0;
const connections = new Map<string, HttpConnections>();

serveCommands<PublisherCommands>({ publish });

async function publish({ url, headers, body, eventsPerCall, calls, atOnce }: PublishMany): Promise<Published> {
  const { host, pathname } = new URL(url);
  const kept = connections.get(host) ?? new HttpConnections(host);
  connections.set(host, kept);
  const texts = Array.from({ length: calls }, (_, call) => fillIn(body, published + 1 + call * eventsPerCall, 1));
  published += calls * eventsPerCall;
  const rest = texts.values();
  const publishSome = async () => {
    for (const text of rest) await kept.post(pathname, headers, text);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, publishSome));
  return { calls, seconds: (performance.now() - startedAt) / 1000 };
}
