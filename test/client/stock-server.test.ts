import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSchema, GraphQLError } from "graphql";
import { createClient as createStockClient } from "graphql-ws/client";
import { useServer as serveStock } from "graphql-ws/use/ws";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createClient, createSseClient, createWebSocketImpl } from "../../client/index.ts";
import { FakeStorage } from "./support/fake-page.ts";
import { follow, sleep } from "./support/follow.ts";

/** graphql-ws' own server, as anybody would set it up. */
async function startStockServer(sockets: WebSocketServer = new WebSocketServer({ noServer: true })) {
  const http = createServer();
  const upgrades: string[] = [];
  http.on("upgrade", (request, socket, head) => {
    upgrades.push(request.headers["sec-websocket-protocol"] ?? "");
    sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit("connection", webSocket, request));
  });
  const listeners = new Set<(value: number) => void>();
  const extensions: unknown[] = [];
  const params: unknown[] = [];
  const server = serveStock(
    {
      schema: buildSchema(
        "type Query { a: Int, fails: Int } type Subscription { event(topic: String): Int, fails: Int }",
      ),
      roots: {
        query: { a: 1, fails: () => Promise.reject(new GraphQLError("no")) },
        subscription: {
          fails: () => Promise.reject(new GraphQLError("no")),
          async *event() {
            const waiting: number[] = [];
            let wake: () => void = () => undefined;
            const listener = (value: number) => {
              waiting.push(value);
              wake();
            };
            listeners.add(listener);
            try {
              for (;;) {
                while (waiting.length > 0) yield { event: waiting.shift() };
                await new Promise<void>((resolve) => {
                  wake = resolve;
                });
              }
            } finally {
              listeners.delete(listener);
            }
          },
        },
      },
      onConnect: (context) => {
        params.push(context.connectionParams);
      },
      onSubscribe: (_context, _id, payload) => {
        extensions.push(payload.extensions);
      },
    },
    sockets,
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    upgrades,
    extensions,
    params,
    listeners,
    publish: (value: number) => {
      for (const listener of listeners) listener(value);
    },
    drop: () => {
      listeners.clear();
      for (const socket of sockets.clients) socket.terminate();
    },
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      await server.dispose();
      http.close();
    },
  };
}

let server: Awaited<ReturnType<typeof startStockServer>>;
const disposals: (() => unknown)[] = [];
beforeEach(async () => {
  server = await startStockServer();
});
afterEach(async () => {
  for (const dispose of disposals.splice(0)) await dispose();
  await server.stop();
});

const own = { token: () => "aaa.bbb.ccc", persist: new FakeStorage(), persistKey: "ada", webSocketImpl: WebSocket };
const retryWait = () => sleep(5);
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe.each([
  ["createClient", () => createClient({ url: server.url, retryWait, ...own })],
  [
    "createWebSocketImpl",
    () => createStockClient({ url: server.url, retryWait, webSocketImpl: createWebSocketImpl(own) }),
  ],
  ["createSseClient", () => createSseClient({ url: server.url.replace("ws", "http"), retry: retryWait, ...own })],
])("[C40] %s with graphql-ws' own server", (_name, make) => {
  test("[C40] subscribes, and subscribes again when the connection was lost", async () => {
    const client = make();
    disposals.push(() => client.dispose());
    const followed = follow(client);
    await until(() => expect(server.listeners.size).toBe(1));
    server.publish(1);
    await until(() => expect(followed.events).toEqual([1]));
    server.drop();
    await until(() => expect(server.listeners.size).toBe(1));
    server.publish(2);
    await until(() => expect(followed.events).toEqual([1, 2]));
    followed.dispose();
    await until(() => expect(followed.isComplete).toBe(true));
    expect(followed.errors).toEqual([]);
    expect(server.extensions).toEqual([{ resume: {} }, { resume: {} }]);
  });

  test("[C40] queries are answered, and failing operations fail alone", async () => {
    const client = make();
    disposals.push(() => client.dispose());
    const results: unknown[] = [];
    for await (const result of client.iterate({ query: "{ a }" })) results.push(result);
    expect(results).toEqual([{ data: { a: 1 } }]);
    const [failing, going] = [follow(client, "a", "subscription { fails }"), follow(client)];
    await until(() => expect([...failing.errors, ...failing.events]).toHaveLength(1));
    await until(() => expect(server.listeners.size).toBe(1));
    server.publish(1);
    await until(() => expect(going.events).toEqual([1]));
  });
});

test("[C40] the token can go where such a server looks for it", async () => {
  const client = createClient({
    url: server.url,
    ...own,
    tokenIn: "connection_init",
    connectionParams: { locale: "de" },
  });
  disposals.push(() => client.dispose());
  follow(client);
  await until(() => expect(server.params).toEqual([{ locale: "de", authorization: "Bearer aaa.bbb.ccc" }]));
  expect(server.upgrades).toEqual(["graphql-transport-ws.batch,graphql-transport-ws"]);
});

test("[C40] one that takes what is offered first is asked again", async () => {
  const sockets = new WebSocketServer({ noServer: true });
  const first = await startStockServer(sockets);
  // graphql-ws has set its own, which knows better.
  sockets.options.handleProtocols = (offered) => [...offered][0] ?? false;
  disposals.push(first.stop);
  const client = createClient({ url: first.url, webSocketImpl: WebSocket, retryWait });
  disposals.push(() => client.dispose());
  const followed = follow(client);
  await until(() => expect(first.listeners.size).toBe(1));
  expect(first.upgrades).toEqual(["graphql-transport-ws.batch,graphql-transport-ws", "graphql-transport-ws"]);
  expect(followed.errors).toEqual([]);
});
