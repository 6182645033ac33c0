import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { personUpdated, recordNames, subscribeToAll } from "./events.ts";

const LIFE_SECONDS = 3;

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startBareGateway();
});
afterAll(() => gateway.stop());

describe.concurrent.each([
  ["handed to the object", (token: string) => RawSocket.connect(gateway.wsUrl, token)],
  ["relayed by the edge", (token: string) => RawSocket.connectRelayed(gateway.wsUrl, token)],
])("a socket %s whose token has three seconds left", (_, connect) => {
  test("[TOKEN-2] is told at once when it expires, [TOKEN-3] is closed then, and [TOKEN-4] hears of nothing later", async () => {
    const workspaceId = crypto.randomUUID();
    const now = Date.now();
    const expiresAt = (Math.floor(now / 1000) + LIFE_SECONDS) * 1000;
    const socket = await connect(await gateway.token(workspaceId, { expiresInSeconds: LIFE_SECONDS, now }));
    expect(await socket.next()).toEqual({ type: "ping", payload: { tokenExpiresAt: expiresAt } });
    socket.send(subscribeToAll("1"));
    await socket.drain();

    const published: { readonly name: string; readonly askedAt: number }[] = [];
    const isOver = socket.closed.then(() => true);
    const pause = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 50));
    do {
      const name = `${published.length}`;
      published.push({ name, askedAt: Date.now() });
      await gateway.publish(personUpdated(workspaceId, name));
    } while (!(await Promise.race([isOver, pause()])));

    expect(await socket.closed).toEqual({ code: 4403, reason: "Token expired" });
    const received = recordNames(socket.frames.filter(({ type }) => type === "next"));
    const inTime = published.filter(({ askedAt }) => askedAt < expiresAt).map(({ name }) => name);
    expect(received.length).toBeGreaterThan(0);
    // Nothing that was published after expiry, and up to there everything in order.
    expect(inTime.slice(0, received.length)).toEqual(received);
    await gateway.until(workspaceId, "the socket to be gone", ({ sockets }) => sockets === 0);
  });

  test("[TOKEN-3] is closed although nothing happens", async () => {
    const socket = await connect(await gateway.token(crypto.randomUUID(), { expiresInSeconds: LIFE_SECONDS }));
    expect(await socket.closed).toEqual({ code: 4403, reason: "Token expired" });
  });
});

test("nothing of all that was an exception which nobody caught", () => {
  expect(gateway.logs()).not.toMatch(/uncaught|unexpected|could not/i);
});
