import { createClient } from "graphql-ws";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { SluicePubSub } from "../../client/pubsub.ts";
import { type PubSub, startNotesServer } from "../../examples/replace-redis-pubsub/notes-server.ts";
import { MemoryPubSub } from "../client/support/memory-pubsub.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startBareGateway();
});
afterAll(() => gateway.stop());

type ClosablePubSub = PubSub & { close(): Promise<unknown> };
const bus = new Set<never>();
const engines: readonly (readonly [string, () => ClosablePubSub])[] = [
  ["an engine in memory", () => new MemoryPubSub(bus)],
  [
    "SluicePubSub",
    () =>
      new SluicePubSub({
        url: gateway.url,
        publisherSecret: "dev-publisher-secret",
        channelSecret: "dev-channel-secret",
        webSocketImpl: WebSocket,
      }),
  ],
];

it.each(engines)(
  "the server of examples/replace-redis-pubsub gives a note to whoever is subscribed at another, with %s",
  async (_, make) => {
    const workspaceId = crypto.randomUUID();
    const pubsubs = [make(), make()] as const;
    const [reader, writer] = await Promise.all(pubsubs.map((pubsub) => startNotesServer(pubsub, 0)));
    const [reading, writing] = [reader, writer].map((server) =>
      createClient({ url: server?.url ?? "", webSocketImpl: WebSocket }),
    );
    const notes = reading?.iterate<{ noteAdded: { text: string } }>({
      query: "subscription ($workspaceId: ID!) { noteAdded(workspaceId: $workspaceId) { text } }",
      variables: { workspaceId },
    });
    const first = notes?.next();
    // Over the gateway it can be seen when the subscription is there.
    if (pubsubs[0] instanceof SluicePubSub) {
      await gateway.until(workspaceId, "the subscription", ({ operations }) => operations === 1);
    } else {
      await expect.poll(() => bus.size).toBe(1);
    }
    const query = "mutation ($workspaceId: ID!, $text: String!) { addNote(workspaceId: $workspaceId, text: $text) }";
    for (const text of ["one", "two"]) {
      const answer = await writing?.iterate({ query, variables: { workspaceId, text } }).next();
      expect(answer?.value).toEqual({ data: { addNote: true } });
    }
    const results = [await first, await notes?.next()];
    expect(results.map((result) => result?.value?.data?.noteAdded.text)).toEqual(["one", "two"]);
    await Promise.all([reading?.dispose(), writing?.dispose()]);
    await Promise.all([reader?.stop(), writer?.stop(), ...pubsubs.map((pubsub) => pubsub.close())]);
  },
);
