import { RedisPubSub } from "graphql-redis-subscriptions";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import {
  EventQueueOverflowError,
  PublishFailedError,
  SluicePubSub,
  type SluicePubSubOptions,
} from "../../client/pubsub.ts";
import { describeOnRedis } from "../support/describe-on-redis.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { describeEngine } from "../support/pubsub-engine-contract.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startBareGateway({ LOG_MAX_AGE_SECONDS: "0", LOG_MAX_EVENTS: "200" });
}, 120_000);
afterAll(() => gateway.stop());

const engines: SluicePubSub[] = [];
afterEach(() => Promise.all(engines.splice(0).map((pubsub) => pubsub.close())));

const SECRETS = { publisherSecret: "dev-publisher-secret", channelSecret: "dev-channel-secret" };

function engine(options: SluicePubSubOptions = {}): SluicePubSub {
  const pubsub = new SluicePubSub({ url: gateway.url, ...SECRETS, webSocketImpl: WebSocket, ...options });
  engines.push(pubsub);
  return pubsub;
}

/** Sockets that can be cut off, and kept from coming back, as by a network that is gone. */
function network() {
  const sockets: WebSocket[] = [];
  const state = { isDown: false };
  class Cuttable extends WebSocket {
    constructor(url: string, protocols: string[], options: object) {
      super(state.isDown ? "ws://127.0.0.1:9" : url, protocols, options);
      sockets.push(this);
    }
  }
  return { webSocketImpl: Cuttable, sockets, state, cut: () => sockets.at(-1)?.terminate() };
}

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 10 });
const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const quiet = { connectionListener: () => undefined };

describeOnRedis("A real Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.kill());

  describeEngine("RedisPubSub", ({ triggerTransform, ...options } = {}) => {
    return new RedisPubSub({
      // With its ready check ioredis 5 loses what is subscribed to while it connects (redis/ioredis#2037).
      connection: { host: "127.0.0.1", port: redis.port, enableReadyCheck: false },
      ...options,
      ...(triggerTransform && { triggerTransform: (name, told) => triggerTransform(String(name), told) }),
    });
  });
});
describeEngine("SluicePubSub", (options = {}) => engine({ ...options, ...quiet }));

describe("SluicePubSub", () => {
  test("[SHIM-7] loses nothing of what is published while its socket is cut again and again", async () => {
    const { webSocketImpl, sockets, cut } = network();
    const workspaceId = crypto.randomUUID();
    const trigger = `NOTES_CHANNEL:${workspaceId}`;
    const pubsub = engine({ webSocketImpl, ...quiet });
    const [heard, byPattern]: [unknown[], unknown[]] = [[], []];
    await pubsub.subscribe(trigger, (payload) => heard.push(payload));
    await pubsub.subscribe(`*:${workspaceId}`, (payload) => byPattern.push(payload), { pattern: true });
    for (const i of range(120)) {
      if (i % 40 === 20) cut();
      await pubsub.publish(trigger, i);
    }
    await until(() => expect(heard).toHaveLength(120));
    await until(() => expect(byPattern).toHaveLength(120));
    expect(heard).toEqual(range(120));
    expect(byPattern).toEqual(range(120));
    expect(sockets.length).toBeGreaterThan(1);
  });

  test("[SHIM-7] tells once what it lost for good, and goes on", async () => {
    const { webSocketImpl, cut, state } = network();
    const workspaceId = crypto.randomUUID();
    const trigger = `NOTES_CHANNEL:${workspaceId}`;
    const onGap = vi.fn();
    const pubsub = engine({ webSocketImpl, onGap, ...quiet });
    const heard: unknown[] = [];
    await pubsub.subscribe(trigger, (payload) => heard.push(payload));
    state.isDown = true;
    cut();
    await Promise.all(range(450).map((i) => pubsub.publish(trigger, i)));
    state.isDown = false;
    await until(() => expect(onGap.mock.calls).toEqual([[{ channel: "NOTES_CHANNEL", workspaceId }]]));
    await pubsub.publish(trigger, "after");
    await until(() => expect(heard.at(-1)).toBe("after"));
    expect(onGap).toHaveBeenCalledOnce();
  });

  test("has one socket for a workspace, one operation for a trigger, and another socket past 200 of them", async () => {
    const { webSocketImpl, sockets } = network();
    const [workspaceId, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const pubsub = engine({ webSocketImpl });
    const listen = (trigger: string) => pubsub.subscribe(trigger, () => undefined);
    for (const i of [1, 1, 2]) await listen(`NOTES_CHANNEL:${workspaceId}:${i}`);
    await listen(`NOTES_CHANNEL:${other}`);
    expect(sockets.map(({ url }) => url.slice(-36))).toEqual([workspaceId, other]);
    expect(await gateway.inspect(workspaceId)).toMatchObject({ sockets: 1, operations: 2 });
    const ids = await Promise.all(range(200).map((i) => listen(`NOTES_CHANNEL:${workspaceId}:more:${i}`)));
    expect(await gateway.inspect(workspaceId)).toMatchObject({ sockets: 2, operations: 202 });
    for (const id of ids) pubsub.unsubscribe(id);
    await gateway.until(workspaceId, "the second socket to close", (report) => report.sockets === 1);
  });

  test("closes its socket when nobody listens any more", async () => {
    const workspaceId = crypto.randomUUID();
    const pubsub = engine();
    pubsub.unsubscribe(await pubsub.subscribe(`NOTES_CHANNEL:${workspaceId}`, () => undefined));
    await gateway.until(workspaceId, "the socket to close", (report) => report.sockets === 0);
  });

  test("takes the workspace from an option where triggers have none, and refuses them otherwise", async () => {
    const workspaceId = crypto.randomUUID();
    const pubsub = engine({ workspaceId });
    const heard: unknown[] = [];
    await pubsub.subscribe("notes:a", (payload) => heard.push(payload));
    await engine().publish(`notes:${workspaceId}:a`, 1);
    await engine({ workspaceId: (trigger) => (trigger === "notes:a" ? workspaceId : undefined) }).publish("notes:a", 2);
    await until(() => expect(heard).toEqual([1, 2]));
    await expect(engine().publish("notes", 1)).rejects.toThrow(/^The trigger has no workspace: /);
    await expect(engine().subscribe("*", () => undefined, { pattern: true })).rejects.toThrow(TypeError);
    await expect(
      engine()
        .asyncIterator([`a:${workspaceId}`, "notes"])
        .next(),
    ).rejects.toThrow(TypeError);
  });

  test("publishes for some users where it is told whom, and fails with the gateway's reason", async () => {
    const [workspaceId, thread, user] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    const trigger = `AGENT_CHAT_CHANNEL:${workspaceId}:${thread}`;
    const pubsub = engine();
    const heard: unknown[] = [];
    await pubsub.subscribe(trigger, (payload) => heard.push(payload));
    const failure = await pubsub.publish(trigger, 1).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(PublishFailedError);
    expect(failure).toMatchObject({ code: "BAD_MESSAGE", retryable: false });
    await pubsub.publish(trigger, 2, { recipientUserWorkspaceIds: [user] });
    await until(() => expect(heard).toEqual([2]));
  });

  test("fails where a secret is wrong, and tells so", async () => {
    const trigger = `NOTES_CHANNEL:${crypto.randomUUID()}`;
    const connectionListener = vi.fn();
    const pubsub = engine({ channelSecret: "wrong", publisherSecret: "wrong", connectionListener });
    await expect(pubsub.publish(trigger, 1)).rejects.toThrow(/^FORBIDDEN: /);
    await expect(pubsub.subscribe(trigger, () => undefined)).rejects.toThrow(/403/);
    await expect(pubsub.asyncIterator(trigger).next()).rejects.toThrow(/403/);
    expect(connectionListener.mock.calls.every(([error]) => error instanceof Error)).toBe(true);
    expect(connectionListener).toHaveBeenCalled();
  });

  test("fails where the gateway refuses a trigger", async () => {
    const trigger = `DATABASE_EVENT_CHANNEL:${crypto.randomUUID()}`;
    const pubsub = engine(quiet);
    await expect(pubsub.subscribe(trigger, () => undefined)).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
  });

  test("says what it is lacking", async () => {
    const trigger = `NOTES_CHANNEL:${crypto.randomUUID()}`;
    const { url } = gateway;
    await expect(new SluicePubSub({ url, channelSecret: "x" }).publish(trigger, 1)).rejects.toThrow("publisherSecret");
    await expect(new SluicePubSub({ url, publisherSecret: "x" }).subscribe(trigger, () => undefined)).rejects.toThrow(
      "channelSecret",
    );
    expect(() => new SluicePubSub({ publisherSecret: "x" })).toThrow(TypeError);
    const both = { reviver: (_: string, value: unknown) => value, deserializer: (text: string) => text };
    expect(() => new SluicePubSub(both)).toThrow(TypeError);
  });

  test("ends an iterator that is not read, and keeps the others", async () => {
    const trigger = `NOTES_CHANNEL:${crypto.randomUUID()}`;
    const pubsub = engine({ maxQueuedEvents: 3 });
    const heard: unknown[] = [];
    const iterator = pubsub.asyncIterator<number>(trigger);
    const first = iterator.next();
    await pubsub.subscribe(trigger, (payload) => heard.push(payload));
    for (const i of range(6)) await pubsub.publish(trigger, i);
    await until(() => expect(heard).toEqual(range(6)));
    expect(await first).toEqual({ done: false, value: 0 });
    for (const value of [1, 2, 3]) expect(await iterator.next()).toEqual({ done: false, value });
    await expect(iterator.next()).rejects.toThrow(EventQueueOverflowError);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test("a listener that throws keeps nothing from the others", async () => {
    const trigger = `NOTES_CHANNEL:${crypto.randomUUID()}`;
    const pubsub = engine();
    const uncaught = vi.fn();
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException").on("uncaughtException", uncaught);
    try {
      const heard: unknown[] = [];
      await pubsub.subscribe(trigger, () => {
        throw new Error("A mistake.");
      });
      await pubsub.subscribe(trigger, (payload) => heard.push(payload));
      await pubsub.publish(trigger, 1);
      await until(() => expect(heard).toEqual([1]));
      await until(() => expect(uncaught).toHaveBeenCalledOnce());
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    }
  });

  test("close ends what listens, waits for what was published, and takes nothing more", async () => {
    const trigger = `NOTES_CHANNEL:${crypto.randomUUID()}`;
    const [pubsub, other] = [engine(quiet), engine()];
    const heard: unknown[] = [];
    await other.subscribe(trigger, (payload) => heard.push(payload));
    await pubsub.subscribe(trigger, () => undefined);
    const waiting = pubsub.asyncIterator(trigger).next();
    const published = pubsub.publish(trigger, 1);
    const [outcome] = await Promise.allSettled([waiting, pubsub.close()]);
    await published;
    expect(outcome).toMatchObject({ status: "rejected", reason: { message: "The engine was closed." } });
    await until(() => expect(heard).toEqual([1]));
    await expect(pubsub.subscribe(trigger, () => undefined)).rejects.toThrow("The engine is closed.");
    await expect(pubsub.publish(trigger, 2)).rejects.toThrow("The publisher is closed.");
  });

  test("needs no package for its sockets where the global one takes headers", async () => {
    const trigger = `NOTES_CHANNEL:${crypto.randomUUID()}`;
    const pubsub = new SluicePubSub({ url: gateway.url, ...SECRETS });
    engines.push(pubsub);
    const heard: unknown[] = [];
    await pubsub.subscribe(trigger, (payload) => heard.push(payload));
    await pubsub.publish(trigger, 1);
    await until(() => expect(heard).toEqual([1]));
  });
});
