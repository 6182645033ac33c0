import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient } from "../../client/index.ts";
import { SluicePubSub } from "../../client/pubsub.ts";
import { fakeToken } from "../support/sluice-server.ts";
import { follow, sleep } from "./support/follow.ts";

/** A server that lets nobody in: the WebSocket of Node says no more of that than that it failed. */
let server: Server;
let status: number;
let asked: IncomingMessage[];
beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(status).end();
  });
  server.on("upgrade", (_request, socket) => {
    socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const address = (scheme: string) => `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe("[C34] an upgrade that is refused, over the WebSocket of Node", () => {
  test("[C34] asks for a newer token, and gives up when that is refused too", async () => {
    status = 401;
    const token = vi.fn(() => fakeToken({}));
    const client = createClient({ url: `${address("ws")}/graphql`, token, retryWait: () => sleep(5) });
    const followed = follow(client);
    await until(() => expect(followed.errors).toEqual([expect.objectContaining({ code: 4403 })]));
    expect(token.mock.calls).toEqual([[{ refresh: false }], [{ refresh: true }]]);
    expect(asked.map(({ url, headers }) => [url, headers.authorization])).toEqual(
      token.mock.results.map(({ value }) => ["/graphql", `Bearer ${value}`]),
    );
  });

  test("[C34] is a failure like any other where the token was not looked at", async () => {
    status = 503;
    const closes: unknown[] = [];
    const closed = (event: unknown) => closes.push((event as CloseEvent).code);
    const url = `${address("ws")}/graphql`;
    const client = createClient({ url, token: () => fakeToken({}), retryWait: () => sleep(5), on: { closed } });
    const followed = follow(client);
    await until(() => expect(closes.length).toBeGreaterThan(3));
    expect(new Set(closes)).toEqual(new Set([1006]));
    expect(followed.errors).toEqual([]);
    await client.dispose();
  });

  test("[C34] fails a subscription of SluicePubSub, whose secret is wrong", async () => {
    status = 403;
    const pubsub = new SluicePubSub({
      url: address("http"),
      channelSecret: "wrong",
      connectionListener: () => undefined,
    });
    const workspaceId = crypto.randomUUID();
    await expect(pubsub.subscribe(`NOTES_CHANNEL:${workspaceId}`, () => undefined)).rejects.toThrow("4403");
    expect(asked[0]).toMatchObject({ url: `/channels/${workspaceId}`, headers: { authorization: "Bearer wrong" } });
    await pubsub.close();
  });
});
