import { ApolloClient, gql, InMemoryCache } from "@apollo/client";
import { createClient as createStockClient } from "graphql-ws/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { createApolloLink } from "../../client/apollo.ts";
import { createClient, createSseClient, createWebSocketImpl, type GappedOperation } from "../../client/index.ts";
import type { SignTokenOptions } from "../../scripts/lib/sign-token.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { ON_DB_EVENT, personUpdated } from "./events.ts";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const until = (check: () => void, timeout = 15_000) => vi.waitFor(check, { timeout, interval: 20 });
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Sockets that can be cut off, as by a network that is gone. They have an origin, as those of a browser do. */
function cuttableSockets() {
  const sockets: { readonly frames: readonly string[]; readonly madeAt: number; terminate(): void }[] = [];
  class Cuttable extends WebSocket {
    readonly frames: string[] = [];
    readonly madeAt = Date.now();

    constructor(url: string | URL, protocols: string[]) {
      super(url, protocols, { origin: gateway.url });
      this.on("message", (data) => this.frames.push(String(data)));
      sockets.push(this);
    }
  }
  const cut = () => sockets.at(-1)?.terminate();
  return { webSocketImpl: Cuttable, sockets, cut };
}

interface Result {
  data?: unknown;
}

/** The names of the records that one subscription to every record event has received. */
function received() {
  const names: string[] = [];
  const take = ({ data }: Result) => {
    names.push((data as { onDbEvent: { record: { name: string } } }).onDbEvent.record.name);
  };
  const failed = vi.fn();
  return { names, failed, sink: { next: take, error: failed, complete: () => undefined } };
}

const request = { query: ON_DB_EVENT, variables: { input: { objectNameSingular: "person" } } };

function tokens(workspaceId: string, options: SignTokenOptions) {
  const calls = { refreshes: 0, connections: 0 };
  const token = ({ refresh }: { refresh: boolean }) => {
    if (refresh) calls.refreshes++;
    else calls.connections++;
    return gateway.token(workspaceId, options);
  };
  return { calls, token };
}

/** Until the newest socket has been told the positions of so many subscriptions. */
async function untilLive({ sockets }: ReturnType<typeof cuttableSockets>, operations = 1): Promise<void> {
  await until(() => {
    const told = sockets.at(-1)?.frames.filter((frame) => frame.includes('"ping","payload":{"position"'));
    expect(told).toHaveLength(operations);
  });
}

describe.each([
  ["handed through", "subprotocol"],
  ["relayed", "connection_init"],
] as const)("[SHIM-1] a socket that is %s", (_name, tokenIn) => {
  test("[SHIM-1] lives through 5 token refreshes, 3 reconnects and an eviction, and Apollo gets every event once", async () => {
    const workspaceId = crypto.randomUUID();
    const lifeSeconds = 14;
    const { calls, token } = tokens(workspaceId, { expiresInSeconds: lifeSeconds });
    const network = cuttableSockets();
    const { webSocketImpl, sockets, cut } = network;
    const gaps: GappedOperation[] = [];
    const link = createApolloLink({
      url: gateway.wsUrl,
      token,
      tokenIn,
      webSocketImpl,
      onGap: (operation) => gaps.push(operation),
    });
    const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
    const { names, failed, sink } = received();
    const { query, variables } = request;
    apollo.subscribe({ query: gql(query), variables }).subscribe(sink);
    await untilLive(network);

    let published = 0;
    let isPublishing = true;
    const publishing = (async () => {
      while (isPublishing) {
        await gateway.publish(personUpdated(workspaceId, `${published + 1}`, `${published + 2}`));
        published += 2;
        await sleep(50);
      }
    })();
    let cuts = 0;
    while (calls.refreshes < 5) {
      const before = calls.refreshes;
      await until(() => expect(calls.refreshes).toBeGreaterThan(before), 14_000);
      await sleep(1_000);
      if (cuts < 3) {
        cut();
        cuts++;
      } else if (cuts === 3) {
        await gateway.evict(workspaceId);
        cuts++;
      }
    }
    // The last connection outlives the token that it began with.
    const last = sockets.at(-1)?.madeAt ?? 0;
    await sleep(Math.max(0, last + (lifeSeconds + 2) * 1000 - Date.now()));
    isPublishing = false;
    await publishing;
    await until(() => expect(names).toHaveLength(published));
    await sleep(100);
    expect(names).toEqual(Array.from({ length: published }, (_, index) => `${index + 1}`));
    expect(gaps).toEqual([]);
    expect(failed).not.toHaveBeenCalled();
    // No refresh and no eviction took a connection.
    expect(sockets).toHaveLength(4);
    apollo.stop();
    await link.client.dispose();
  }, 180_000);

  test("[SHIM-2] what one publish call gives comes in one frame, as one result each", async () => {
    const workspaceId = crypto.randomUUID();
    const network = cuttableSockets();
    const { webSocketImpl, sockets } = network;
    const { token } = tokens(workspaceId, {});
    const client = createClient({ url: gateway.wsUrl, token, tokenIn, webSocketImpl });
    const { names, sink } = received();
    client.subscribe(request, sink);
    await untilLive(network);
    const all = Array.from({ length: 100 }, (_, index) => `${index + 1}`);
    await gateway.publish(personUpdated(workspaceId, ...all));
    await until(() => expect(names).toEqual(all));
    expect(sockets[0]?.frames.filter((frame) => frame.includes('"next"'))).toHaveLength(1);
    await client.dispose();
  });

  test("[SHIM-3] an application's own graphql-ws client misses nothing that came while it was cut off", async () => {
    const workspaceId = crypto.randomUUID();
    const network = cuttableSockets();
    const { webSocketImpl, cut } = network;
    const { token } = tokens(workspaceId, {});
    const client = createStockClient({
      url: gateway.wsUrl,
      retryWait: () => sleep(500),
      webSocketImpl: createWebSocketImpl({ token, tokenIn, webSocketImpl }),
    });
    const [one, two] = [received(), received()];
    client.subscribe(request, one.sink);
    client.subscribe(request, two.sink);
    await untilLive(network, 2);
    for (const name of ["1", "2", "3"]) {
      cut();
      await gateway.until(workspaceId, "the client to be gone", ({ sockets }) => sockets === 0);
      await gateway.publish(personUpdated(workspaceId, name));
      await until(() => expect([one.names.at(-1), two.names.at(-1)]).toEqual([name, name]));
    }
    expect([one.names, two.names]).toEqual([
      ["1", "2", "3"],
      ["1", "2", "3"],
    ]);
    await client.dispose();
  });

  test("[SHIM-4] a storage that was deleted is a gap, told once, and then it goes on", async () => {
    const workspaceId = crypto.randomUUID();
    const network = cuttableSockets();
    const { webSocketImpl } = network;
    const { token } = tokens(workspaceId, {});
    const gaps: GappedOperation[] = [];
    const onGap = (operation: GappedOperation) => gaps.push(operation);
    // Tokens of the second of the deletion are refused with those before it.
    const retryWait = () => sleep(1_500);
    const client = createClient({ url: gateway.wsUrl, token, tokenIn, webSocketImpl, onGap, retryWait });
    const { names, failed, sink } = received();
    client.subscribe(request, sink);
    await untilLive(network);
    await gateway.publish(personUpdated(workspaceId, "1"));
    await until(() => expect(names).toEqual(["1"]));
    await admin("DELETE", `/admin/workspaces/${workspaceId}`);
    await until(() => expect(gaps).toHaveLength(1));
    await gateway.publish(personUpdated(workspaceId, "2"));
    await until(() => expect(names).toEqual(["1", "2"]));
    expect(gaps).toHaveLength(1);
    expect(failed).not.toHaveBeenCalled();
    await client.dispose();
  });

  test("[SHIM-5] a revoked caller is told so, and gets nothing more", async () => {
    const workspaceId = crypto.randomUUID();
    const network = cuttableSockets();
    const { webSocketImpl, sockets } = network;
    const userWorkspaceId = crypto.randomUUID();
    const old = await gateway.token(workspaceId, { userWorkspaceId });
    const client = createClient({ url: gateway.wsUrl, token: () => old, tokenIn, webSocketImpl });
    const { names, failed, sink } = received();
    client.subscribe(request, sink);
    await untilLive(network);
    await admin("POST", `/admin/workspaces/${workspaceId}/revoke`, { userWorkspaceId });
    await gateway.publish(personUpdated(workspaceId, "1"));
    await until(() => expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 4403 })), 40_000);
    expect(names).toEqual([]);
    // The one that was closed, and two that were not let in.
    expect(sockets).toHaveLength(3);
    await client.dispose();
  });
});

test("[SHIM-6] code that is written for graphql-sse runs over a socket", async () => {
  const workspaceId = crypto.randomUUID();
  const network = cuttableSockets();
  const { webSocketImpl, cut } = network;
  const connected = vi.fn();
  const client = createSseClient({
    url: `${gateway.url}/metadata`,
    headers: async () => ({ Authorization: `Bearer ${await gateway.token(workspaceId)}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    on: { connected },
    webSocketImpl,
  });
  const { names, sink } = received();
  client.subscribe(request, sink);
  await untilLive(network);
  cut();
  await gateway.until(workspaceId, "the client to be gone", ({ sockets }) => sockets === 0);
  await gateway.publish(personUpdated(workspaceId, "1"));
  await until(() => expect(names).toEqual(["1"]));
  expect(connected.mock.calls).toEqual([[false], [true]]);
  client.dispose();
});

async function admin(method: string, path: string, body?: object): Promise<void> {
  const headers = { Authorization: "Bearer dev-admin-secret" };
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(response.status, await response.text()).toBe(200);
}
