import { evictDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SluicePubSub, type SluicePubSubOptions } from "../../client/pubsub.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { newWorkspace } from "./support/workspace.ts";

const engines: SluicePubSub[] = [];
afterEach(() => Promise.all(engines.splice(0).map((pubsub) => pubsub.close())));

/** An engine in a Worker, whose own WebSocket cannot send a header. */
function engine(options: SluicePubSubOptions = {}): SluicePubSub {
  const pubsub = new SluicePubSub({
    url: "http://127.0.0.1",
    channelSecret: DEV_BINDINGS.CHANNEL_SECRETS,
    binding: exports.Publisher,
    fetch: (input, init) => exports.default.fetch(input, init),
    connectionListener: () => undefined,
    ...options,
  });
  engines.push(pubsub);
  return pubsub;
}

describe("SluicePubSub on Workers", () => {
  it("[SHIM-7] publishes over a binding and subscribes over fetch, over an eviction too", async () => {
    const { workspaceId, stub } = newWorkspace();
    const trigger = `NOTES_CHANNEL:${workspaceId}`;
    const pubsub = engine();
    const heard: unknown[] = [];
    await pubsub.subscribe(trigger, (payload) => heard.push(payload));
    await pubsub.publish(trigger, { at: new Date(0) });
    await evictDurableObject(stub);
    await pubsub.publish(trigger, 2);
    await vi.waitFor(() => expect(heard).toEqual([{ at: "1970-01-01T00:00:00.000Z" }, 2]));
  });

  it("connects again when its socket is closed, and tells of a gap", async () => {
    const { workspaceId, stub } = newWorkspace();
    const trigger = `NOTES_CHANNEL:${workspaceId}`;
    const onGap = vi.fn();
    const pubsub = engine({ onGap });
    const heard: unknown[] = [];
    await pubsub.subscribe(trigger, (payload) => heard.push(payload));
    await stub.erase();
    await vi.waitFor(() => expect(onGap).toHaveBeenCalledOnce(), 10_000);
    await pubsub.publish(trigger, 1);
    await vi.waitFor(() => expect(heard).toEqual([1]));
  });

  it("fails with a wrong secret", async () => {
    const trigger = `NOTES_CHANNEL:${newWorkspace().workspaceId}`;
    await expect(engine({ channelSecret: "wrong" }).subscribe(trigger, () => undefined)).rejects.toThrow(/403/);
  });

  it("is told the reason by a binding that does not take a message", async () => {
    const trigger = `AGENT_CHAT_CHANNEL:${newWorkspace().workspaceId}`;
    await expect(engine().publish(trigger, 1)).rejects.toMatchObject({ code: "BAD_MESSAGE", retryable: false });
  });
});
