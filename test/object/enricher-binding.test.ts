import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import type { EnricherService } from "../../durable-objects/enricher.ts";
import { WorkspacePubSub } from "../../durable-objects/workspace-pubsub.ts";
import type { PublishRequest } from "../../src/core/pubsub/publish-request.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const STREAM = `subscription { onEventSubscription(eventStreamId: "s") {
  objectRecordEventsWithQueryIds { objectRecordEvent { properties { after } } }
} }`;
const ADD = `mutation { addQueryToEventStream(input: {
  eventStreamId: "s", queryId: "q", operationSignature: { objectNameSingular: "person", variables: {} }
}) }`;

const request = (id: string): PublishRequest => ({
  ...{ id, digest: id, source: "direct", events: 1 },
  body: JSON.stringify({
    ...{ kind: "record", objectNameSingular: "person", action: "created" },
    events: [{ recordId: id, properties: { after: { id, companyId: "c" } } }],
  }),
});

it("[STREAM-16] [STREAM-17] asks the service that is bound, sends what it adds, and tells how it does", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  const workspace = newWorkspace();
  const socket = await WorkerdSocket.connect(await workspace.token());
  socket.send({ type: "subscribe", id: "1", payload: { query: STREAM } });
  socket.send({ type: "subscribe", id: "2", payload: { query: ADD } });
  await socket.drain();
  const enrich = vi.fn<EnricherService["enrich"]>(async () => ({
    company: { objectNameSingular: "company", records: [{ id: "c", name: "acme" }] },
  }));
  const [one, two] = await runInDurableObject(workspace.stub, async (_, state) => {
    const bound = new WorkspacePubSub(state, { ...env, ENRICHER: { enrich } } as Env);
    await bound.publish([request("1")]);
    const healthy = await bound.inspect();
    enrich.mockRejectedValueOnce(new Error("broken"));
    await bound.publish([request("2")]);
    return [healthy.enricher, (await bound.inspect()).enricher];
  });
  expect([one, two]).toEqual([{ failuresInARow: 0 }, { failuresInARow: 1 }]);
  type Frame = {
    payload: { data: { onEventSubscription: { objectRecordEventsWithQueryIds: { objectRecordEvent: object }[] } } };
  };
  const events = ((await socket.drain()) as Frame[]).flatMap(({ payload }) =>
    payload.data.onEventSubscription.objectRecordEventsWithQueryIds.map(({ objectRecordEvent }) => objectRecordEvent),
  );
  expect(events).toEqual([
    { properties: { after: { id: "1", companyId: "c", company: { id: "c", name: "acme" } } } },
    { properties: { after: { id: "2", companyId: "c" } } },
  ]);
});
