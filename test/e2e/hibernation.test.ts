import { createClient as createSseClient } from "graphql-sse";
import { createClient } from "graphql-ws";
import { SubscriptionClient } from "subscriptions-transport-ws";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { ON_DB_EVENT, personUpdated } from "./events.ts";

let gateway: RunningGateway;

beforeAll(async () => {
  // The runtime lets an object hibernate that had nothing to do for 10 s; results are repeated in less.
  gateway = await startBareGateway({ KEEP_ALIVE_SECONDS: "4" }, { tellsWakes: true });
});
afterAll(() => gateway.stop());

interface Subscriber {
  /** Every 12 s on each of its connections. */
  readonly onKeepAlive: () => void;
  readonly onResult: (result: unknown) => void;
}
/** Sets up a stock client. */
type Open = (token: string, subscriber: Subscriber) => { subscribe(operation: Operation): unknown; close(): unknown };

interface Operation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

const people: Operation = { query: ON_DB_EVENT, variables: { input: {} } };
/** It begins with a result, which the edge repeats. */
const chat: Operation = {
  query: "subscription ($threadId: UUID!) { onAgentChatEvent(threadId: $threadId) { event } }",
  variables: { threadId: crypto.randomUUID() },
};
const nameIn = (result: unknown) => /"name":"(\w+)"/.exec(JSON.stringify(result))?.[1];

function overSse(singleConnection: boolean): Open {
  return (token, { onKeepAlive, onResult }) => {
    const client = createSseClient({
      url: `${gateway.url}/graphql`,
      headers: { Authorization: `Bearer ${token}` },
      singleConnection,
      async fetchFn(...request: Parameters<typeof fetch>) {
        const response = await fetch(...request);
        return new Response(response.body?.pipeThrough(watching(onKeepAlive)), response);
      },
    });
    return {
      subscribe: (operation) =>
        client.subscribe(operation, { next: onResult, error: onResult, complete: () => undefined }),
      close: () => client.dispose(),
    };
  };
}

/** Tells of the comments in a body: the client keeps them to itself. */
function watching(onKeepAlive: () => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      if (new TextDecoder().decode(chunk).startsWith(":")) onKeepAlive();
      controller.enqueue(chunk);
    },
  });
}

const overOldDialect: Open = (token, { onKeepAlive, onResult }) => {
  class WatchedWebSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }) => data === '{"type":"ka"}' && onKeepAlive());
    }
  }
  const connectionParams = { authorization: token };
  const client = new SubscriptionClient(gateway.wsUrl, { connectionParams, timeout: 60_000 }, WatchedWebSocket);
  return {
    subscribe: (operation) => client.request(operation).subscribe({ next: onResult, error: onResult }),
    close: () => client.close(),
  };
};

/** Its token comes in `connection_init`, so its pings pass the edge. */
const overRelay: Open = (token, { onKeepAlive, onResult }) => {
  const client = createClient({
    url: gateway.wsUrl,
    connectionParams: { authorization: token },
    keepAlive: 12_000,
    on: { pong: onKeepAlive },
  });
  return {
    subscribe: (operation) =>
      client.subscribe(operation, { next: onResult, error: onResult, complete: () => undefined }),
    close: () => client.dispose(),
  };
};

describe.concurrent("an object hibernates beside a client that is only kept alive, and wakes for an event", () => {
  it.each<[string, Open, number]>([
    ["[SSE-16] graphql-sse with distinct connections", overSse(false), 2],
    ["[SSE-16] graphql-sse with a single connection", overSse(true), 1],
    ["[LEGACY-10] subscriptions-transport-ws", overOldDialect, 1],
    ["[PING-5] graphql-ws, relayed by the edge", overRelay, 1],
  ])("%s", async (_, open, connections) => {
    const workspaceId = crypto.randomUUID();
    const names: unknown[] = [];
    let keepAlives = 0;
    const client = open(await gateway.token(workspaceId), {
      onKeepAlive: () => keepAlives++,
      onResult: (result) => names.push(nameIn(result)),
    });
    for (const operation of [people, chat]) client.subscribe(operation);
    await gateway.until(workspaceId, "two subscriptions", ({ operations }) => operations === 2);
    const wakes = () => gateway.logs().split(`awake ${workspaceId}`).length - 1;
    expect(wakes()).toBe(1);

    const until = (check: () => void) => vi.waitFor(check, { timeout: 50_000, interval: 100 });
    const before = keepAlives;
    await until(() => expect(keepAlives).toBeGreaterThanOrEqual(before + 2 * connections));
    expect(wakes()).toBe(1);

    await gateway.publish(personUpdated(workspaceId, "ada"));
    await until(() => expect(names).toContain("ada"));
    expect(wakes()).toBe(2);
    await gateway.publish(personUpdated(workspaceId, "grace"));
    await until(() => expect(names).toContain("grace"));
    expect(names.filter((name) => name !== undefined)).toEqual(["ada", "grace"]);
    await client.close();
  });
});
