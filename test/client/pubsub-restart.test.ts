import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { SluicePubSub } from "../../client/pubsub.ts";
import { startWorkerd, type Workerd } from "../support/workerd.ts";

let gateway: Workerd | undefined;
afterEach(() => gateway?.kill("SIGKILL"));

test("[SHIM-7] an engine loses nothing, and publishes nothing twice, when the gateway is killed at work and comes back", async () => {
  const storageDir = await mkdtemp(join(tmpdir(), "sluice-engine-"));
  gateway = await startWorkerd({ storageDir });
  const { url } = gateway;
  const onGap = vi.fn();
  const pubsub = new SluicePubSub({
    ...{ url, publisherSecret: "dev-publisher-secret", channelSecret: "dev-channel-secret" },
    ...{ webSocketImpl: WebSocket, connectionListener: () => undefined, onGap },
  });
  const trigger = `NOTES_CHANNEL:${crypto.randomUUID()}`;
  const heard: unknown[] = [];
  await pubsub.subscribe(trigger, (payload) => heard.push(payload));
  const published: Promise<void>[] = [];
  for (let i = 0; i < 60; i++) {
    published.push(pubsub.publish(trigger, i));
    if (i % 10 === 0) await published.at(-1);
    if (i !== 25) continue;
    // Not awaited: some are on their way.
    gateway.kill("SIGKILL");
    await gateway.exited;
    gateway = await startWorkerd({ storageDir, port: Number(new URL(url).port) });
  }
  await Promise.all(published);
  const expected = Array.from({ length: 60 }, (_, i) => i);
  await vi.waitFor(() => expect(heard).toEqual(expected), { timeout: 15_000 });
  expect(onGap).not.toHaveBeenCalled();
  await pubsub.close();
  await rm(storageDir, { recursive: true });
}, 60_000);
