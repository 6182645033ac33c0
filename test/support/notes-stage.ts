import { expect } from "vitest";
import type { Backbone } from "./backbone.ts";
import { startNetwork } from "./network.ts";
import { type Listening, NotesClient, type NotesFilter, PROBE } from "./notes-client.ts";
import { startNotesProcess } from "./notes-process.ts";

const WAIT = { timeout: 20_000, interval: 20 };

/** Two servers of examples/replace-redis-pubsub, each a process, and what stands between them. */
export type NotesStage = Awaited<ReturnType<typeof startNotesStage>>;

export async function startNotesStage(startBackbone: () => Promise<Backbone>) {
  const backbone = await startBackbone();
  const network = await startNetwork(backbone.port);
  const readerSettings = backbone.settings(network.port);
  const servers = await Promise.all([
    startNotesProcess(readerSettings),
    startNotesProcess(backbone.settings(backbone.port)),
  ]);
  const [{ url: readerUrl }, { url: writerUrl }] = servers;
  const clients: NotesClient[] = [];
  const connect = (url: string) => {
    const client = new NotesClient(url);
    clients.push(client);
    return client;
  };
  const prober = new NotesClient(writerUrl);

  /** Resolves when a subscription hears what is added at the other server. */
  async function live({ filter: { workspaceId, topics = ["general"] }, probes }: Listening): Promise<void> {
    for (const topic of topics) {
      const count = () => probes.filter((each) => each === topic).length;
      const before = count();
      const probe = async () => {
        await prober.add({ workspaceId, topic, text: PROBE });
        return count();
      };
      await expect.poll(probe, WAIT).toBeGreaterThan(before);
    }
  }

  const closeClients = () => Promise.all(clients.splice(0).map((client) => client.close()));
  return {
    backbone,
    /** Between the backbone and the reader alone. */
    network,
    /** A client of the one server. */
    reader: () => connect(readerUrl),
    /** A client of the other. */
    writer: () => connect(writerUrl),
    killReader: () => servers[0].kill(),
    async startReaderAgain() {
      servers[0] = await startNotesProcess(readerSettings, Number(new URL(readerUrl).port));
    },
    live,
    /** Resolves when what is added from then on will be heard. */
    async listen(client: NotesClient, filter: NotesFilter): Promise<Listening> {
      const listening = client.listen(filter);
      await live(listening);
      return listening;
    },
    /** Resolves when servers are subscribed to this many triggers of the workspace. */
    subscribed: (workspaceId: string, count: number) =>
      expect.poll(() => backbone.subscriptions(workspaceId), WAIT).toBe(count),
    closeClients,
    async [Symbol.asyncDispose]() {
      await Promise.all([prober.close(), closeClients()]);
      await Promise.all(servers.map((server) => server.kill()));
      network.close();
      await backbone.stop();
    },
  };
}
