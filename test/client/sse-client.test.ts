import type { Client as GraphqlSseClient, ClientOptions as GraphqlSseOptions } from "graphql-sse";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { WebSocket } from "ws";
import { createSseClient, type SseClientOptions, type SseMessage } from "../../client/index.ts";
import { fakeToken, SluiceServer } from "../support/sluice-server.ts";
import { FakePage } from "./support/fake-page.ts";
import { type FakeWebSocket, fakeWebSockets } from "./support/fake-web-socket.ts";
import { follow, range, sleep } from "./support/follow.ts";

test("[C50] it has the type of graphql-sse's client, and takes its options", () => {
  expectTypeOf(createSseClient).returns.toExtend<GraphqlSseClient>();
  expectTypeOf<GraphqlSseOptions>().toExtend<SseClientOptions>();
});

describe("[C50] over a real socket", () => {
  let server: SluiceServer;
  let client: ReturnType<typeof createSseClient>;
  beforeEach(async () => {
    server = await SluiceServer.start();
  });
  afterEach(async () => {
    client.dispose();
    await server.stop();
  });
  const make = (options: Partial<SseClientOptions> = {}) =>
    createSseClient({
      url: server.url.replace("ws:", "http:"),
      retry: () => sleep(5),
      retryAttempts: Number.POSITIVE_INFINITY,
      webSocketImpl: WebSocket,
      ...options,
    });
  const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

  test("[C50] the header is the token, nothing is lost, and the events are those of graphql-sse", async () => {
    server.isGuarded = true;
    const told: unknown[] = [];
    const messages: SseMessage[] = [];
    const headers = vi.fn(async () => ({ authorization: `Bearer ${fakeToken({})}` }));
    client = make({
      headers,
      onMessage: (message) => messages.push(message),
      on: {
        connecting: (reconnecting) => told.push(["connecting", reconnecting]),
        connected: (reconnected) => told.push(["connected", reconnected]),
      },
    });
    const followed = follow(client);
    await until(() => expect(server.operations).toBe(1));
    server.publish("a", 1);
    await until(() => expect(followed.events).toEqual([1]));
    server.drop();
    server.publish("a", 2);
    await until(() => expect(followed.events).toEqual([1, 2]));
    expect(told).toEqual([
      ["connecting", false],
      ["connected", false],
      ["connecting", true],
      ["connected", true],
    ]);
    followed.dispose();
    await until(() => expect(messages.at(-1)).toEqual({ event: "complete", data: null }));
    expect(messages.map(({ event }) => event)).toEqual(["next", "next", "complete"]);
    expect(messages[0]?.data?.data).toEqual({ event: 1 });
    expect(headers).toHaveBeenCalledWith(expect.objectContaining({ variables: { topic: "a" } }));
  });

  test("[C50] a token that is captured for good is tried as often as graphql-sse would", async () => {
    server.isGuarded = true;
    const authorization = fakeToken({ lifeMs: -1 });
    const retry = vi.fn(() => sleep(1));
    client = make({ headers: { Authorization: authorization }, retry, retryAttempts: 6 });
    const followed = follow(client);
    await until(() => expect(followed.errors).toHaveLength(1));
    expect(followed.errors).toEqual([
      expect.objectContaining({ message: "The connection was closed: 4403 Forbidden" }),
    ]);
    expect(retry.mock.calls).toEqual([[0], [1], [2], [3], [4], [5]]);
  });

  test("[C50] a subscription has listeners of its own, also on a connection that is there", async () => {
    client = make();
    const told: string[] = [];
    const sink = { next: () => undefined, error: () => undefined, complete: () => undefined };
    const listeners = (name: string) => ({
      connecting: (again: boolean) => told.push(`${name} connecting ${again}`),
      connected: (again: boolean) => told.push(`${name} connected ${again}`),
      message: ({ event }: SseMessage) => told.push(`${name} ${event}`),
    });
    const request = { query: "subscription { event(topic: $topic) }", variables: { topic: "a" } };
    const dispose = client.subscribe(request, sink, listeners("one"));
    await until(() => expect(server.operations).toBe(1));
    client.subscribe(request, sink, listeners("two"));
    await until(() => expect(server.operations).toBe(2));
    expect(told.splice(0)).toEqual([
      "one connecting false",
      "one connected false",
      "two connecting false",
      "two connected false",
    ]);
    dispose();
    await until(() => expect(server.operations).toBe(1));
    server.publish("a", 1);
    await until(() => expect(told).toEqual(["one complete", "two next"]));
  });

  test("[C50] results can be iterated, and the iterator returned at any time", async () => {
    client = make({ url: async () => server.url });
    const received: unknown[] = [];
    const iterator = client.iterate({ query: "subscription { event }", variables: { topic: "a" } });
    await until(() => expect(server.operations).toBe(1));
    server.publish("a", 1, 2, 3);
    for await (const { data } of iterator) {
      received.push(data?.["event"]);
      if (received.length === 3) break;
    }
    expect(received).toEqual(range(1, 3));
    await until(() => expect(server.operations).toBe(0));
    const idle = client.iterate({ query: "subscription { event }" });
    const waiting = idle.next();
    await until(() => expect(server.operations).toBe(1));
    await idle.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test("[C50] an iterator ends with what ends the subscription", async () => {
    client = make({ retryAttempts: 0 });
    const iterator = client.iterate({ query: "subscription { event }" });
    await until(() => expect(server.operations).toBe(1));
    server.closeAll(4400, "Invalid message");
    await expect(iterator.next()).rejects.toMatchObject({ code: 4400 });
  });
});

describe("[C51] with time standing still", () => {
  let page: FakePage;
  beforeEach(() => {
    vi.useFakeTimers();
    page = new FakePage();
  });
  afterEach(() => {
    page.remove();
    vi.useRealTimers();
  });

  /** A subscription on a scripted socket. */
  async function open(query: string, options: Partial<SseClientOptions> = {}) {
    const { webSocketImpl, sockets } = fakeWebSockets();
    const url = "https://gateway.test/metadata";
    const client = createSseClient({ url, webSocketImpl, generateID: () => "1", pongTimeout: 0, ...options });
    const results: unknown[] = [];
    const errors: unknown[] = [];
    const completed = vi.fn();
    client.subscribe(
      { query },
      { next: (result) => results.push(result), error: (error) => errors.push(error), complete: completed },
    );
    const connect = async () => {
      await vi.advanceTimersByTimeAsync(31_000);
      const socket = sockets.at(-1) as FakeWebSocket;
      socket.accept();
      await vi.advanceTimersByTimeAsync(0);
      socket.receive({ type: "connection_ack" });
      await vi.advanceTimersByTimeAsync(0);
      return socket;
    };
    await vi.advanceTimersByTimeAsync(0);
    const socket = sockets[0] as FakeWebSocket;
    socket.accept();
    await vi.advanceTimersByTimeAsync(0);
    socket.receive({ type: "connection_ack" });
    await vi.advanceTimersByTimeAsync(0);
    return { client, socket, results, errors, completed, connect };
  }
  const EVENT_STREAM =
    "subscription($id: String!) { stream: onEventSubscription(eventStreamId: $id) { eventStreamId } }";
  const next = (data: unknown) => ({ id: "1", type: "next", payload: { data, extensions: { a: 1 } } });

  test("[C51] http is ws, and https is wss", async () => {
    expect((await open("{ a }")).socket.url).toBe("wss://gateway.test/metadata");
  });

  test("[C51] errors of an operation are a result, then the end", async () => {
    const { socket, results, errors, completed } = await open("subscription { event }");
    const payload = [{ message: "no", extensions: { subCode: "EVENT_STREAM_ALREADY_EXISTS" } }];
    socket.receive({ id: "1", type: "error", payload });
    await vi.advanceTimersByTimeAsync(0);
    expect(results).toEqual([{ errors: payload }]);
    expect(errors).toEqual([]);
    expect(completed).toHaveBeenCalledTimes(1);
  });

  test("[C51] an event stream gets an empty result each 30 s, in the shape of the real ones", async () => {
    const { socket, results } = await open(EVENT_STREAM);
    const real = { stream: { eventStreamId: "s", objectRecordEventsWithQueryIds: [{ a: 1 }], metadataEvents: [] } };
    await vi.advanceTimersByTimeAsync(60_000);
    expect(results).toEqual([]);
    socket.receive(next(real));
    results.length = 0;
    await vi.advanceTimersByTimeAsync(29_999);
    expect(results).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_001);
    const empty = { data: { stream: { eventStreamId: "s", objectRecordEventsWithQueryIds: [], metadataEvents: [] } } };
    expect(results).toEqual([empty, empty, empty]);
    await vi.advanceTimersByTimeAsync(20_000);
    socket.receive(next(real));
    await vi.advanceTimersByTimeAsync(29_999);
    expect(results).toHaveLength(4);
  });

  test("[C51] a chat gets what Twenty's server sends for this", async () => {
    const { socket, results } = await open("subscription { onAgentChatEvent(threadId: 1) { threadId event } }");
    socket.receive(next({ onAgentChatEvent: { threadId: "t", event: { type: "message", text: "hi" } } }));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(results[1]).toEqual({ data: { onAgentChatEvent: { threadId: "t", event: { type: "keepalive" } } } });
  });

  test("[C51] nothing is made up for other subscriptions, without a connection, or after the end", async () => {
    const other = await open("subscription { event }");
    other.socket.receive(next({ event: { list: [] } }));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(other.results).toHaveLength(1);

    const { socket, results, connect } = await open(EVENT_STREAM);
    socket.receive(next({ stream: { eventStreamId: "s" } }));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(results).toHaveLength(2);
    socket.end();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(results).toHaveLength(2);
    const again = await connect();
    results.length = 0;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(results).toHaveLength(1);
    again.receive({ id: "1", type: "complete" });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(results).toHaveLength(1);
  });
});
