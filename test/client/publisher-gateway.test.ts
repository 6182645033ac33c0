import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { createPublisher } from "../../client/publisher.ts";
import { SluicePubSub } from "../../client/pubsub.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  // Smaller than what the publisher takes for granted, so that calls are too large now and then.
  gateway = await startBareGateway({ MAX_PUBLISH_MESSAGES: "50" });
}, 120_000);
afterAll(() => gateway.stop());

/** A network on which every fifth call, and every third answer, is lost. */
function lossy() {
  let calls = 0;
  const losses = { answers: 0, calls: 0 };
  async function lossyFetch(...args: Parameters<typeof fetch>): Promise<Response> {
    calls++;
    if (calls % 5 === 0) {
      losses.calls++;
      throw new TypeError("fetch failed");
    }
    const response = await fetch(...args);
    if (calls % 3 !== 0) return response;
    losses.answers++;
    await response.text();
    throw new TypeError("terminated");
  }
  return { fetch: lossyFetch, losses };
}

test("[SHIM-8] what is sent again over a network that loses calls and answers is taken once, in the order of its workspace", async () => {
  const network = lossy();
  const publisher = createPublisher({ url: gateway.url, secret: "dev-publisher-secret", fetch: network.fetch });
  const reader = new SluicePubSub({ url: gateway.url, channelSecret: "dev-channel-secret", webSocketImpl: WebSocket });
  const workspaces = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const heard = new Map<string, unknown[]>(workspaces.map((workspaceId) => [workspaceId, []]));
  for (const [workspaceId, payloads] of heard) {
    await reader.subscribe(`NOTES_CHANNEL:${workspaceId}`, (payload) => payloads.push(payload));
  }
  const published = Array.from({ length: 300 }, (_, i) => {
    const workspaceId = workspaces[i % 3] ?? "";
    return publisher.publish({ workspaceId, channel: "NOTES_CHANNEL", payload: i });
  });
  const results = (await Promise.all(published)).flat();
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(new Set(results.map(({ id }) => id)).size).toBe(300);
  for (const [i, workspaceId] of workspaces.entries()) {
    const expected = Array.from({ length: 100 }, (_, n) => 3 * n + i);
    await vi.waitFor(() => expect(heard.get(workspaceId)).toEqual(expected), { timeout: 10_000 });
    const { position } = await gateway.inspect(workspaceId);
    expect(position).toMatch(/\.100$/);
  }
  expect(Math.min(network.losses.answers, network.losses.calls)).toBeGreaterThan(0);
  await Promise.all([publisher.close(), reader.close()]);
});
