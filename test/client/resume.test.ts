import { createClient as createStockClient } from "graphql-ws/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type ClientOptions, createClient, createWebSocketImpl, type GappedOperation } from "../../client/index.ts";
import { fakeToken, SluiceServer } from "../support/sluice-server.ts";
import { FakePage, FakeStorage } from "./support/fake-page.ts";
import { follow, range, sleep } from "./support/follow.ts";
import { seededRandom } from "./support/seeded-random.ts";

let server: SluiceServer;
const disposals: (() => unknown)[] = [];
beforeEach(async () => {
  server = await SluiceServer.start();
});
afterEach(async () => {
  for (const dispose of disposals.splice(0)) await dispose();
  await server.stop();
});

const quickly = { retryWait: () => sleep(5), webSocketImpl: WebSocket };

function sluice(options: Partial<ClientOptions> = {}) {
  const client = createClient({ url: server.url, ...quickly, ...options });
  disposals.push(() => client.dispose());
  return client;
}

/** An application's own graphql-ws client, with the one line changed. */
function stock(options: Parameters<typeof createWebSocketImpl>[0] = {}) {
  const client = createStockClient({
    url: server.url,
    retryAttempts: 1_000,
    retryWait: () => sleep(5),
    webSocketImpl: createWebSocketImpl({ webSocketImpl: WebSocket, ...options }),
  });
  disposals.push(() => client.dispose());
  return client;
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });
const untilOperations = (count: number) => until(() => expect(server.operations).toBe(count));
/** Until so many new subscriptions know their positions, which the client answers with a pong each. */
const untilLive = (count: number) =>
  until(() => expect(server.received.filter(({ type }) => type === "pong")).toHaveLength(count));

describe.each([
  ["createClient", sluice],
  ["createWebSocketImpl under graphql-ws' own client", stock],
])("[C30] %s", (_name, make) => {
  test("[C30] what is published while there is no connection comes afterwards", async () => {
    const gaps: GappedOperation[] = [];
    const followed = follow(make({ onGap: (operation) => gaps.push(operation) }));
    await untilLive(1);
    server.publish("a", 1, 2);
    server.drop();
    server.publish("b", "not asked for");
    server.publish("a", 3);
    server.publish("a", 4, 5);
    await until(() => expect(followed.events).toEqual(range(1, 5)));
    server.publish("a", 6);
    await until(() => expect(followed.events).toEqual(range(1, 6)));
    expect(gaps).toEqual([]);
    expect(followed.errors).toEqual([]);
  });

  test("[C30] dropped before the first event, and after a quiet time in which the log went on", async () => {
    const gaps: GappedOperation[] = [];
    const followed = follow(make({ onGap: (operation) => gaps.push(operation) }));
    await untilLive(1);
    server.drop();
    server.publish("a", 1);
    await until(() => expect(followed.events).toEqual([1]));
    server.publish("b", ...range(1, 1_000));
    server.tellPositions();
    await untilLive(3);
    server.forget();
    server.drop();
    server.publish("a", 2);
    await until(() => expect(followed.events).toEqual([1, 2]));
    expect(gaps).toEqual([]);
  });

  test("[C30] several events reach a subscription in one frame, as one result each", async () => {
    const followed = follow(make());
    await untilOperations(1);
    server.publish("a", ...range(1, 100));
    await until(() => expect(followed.events).toEqual(range(1, 100)));
    expect(server.batchSizes).toEqual([100]);
  });

  test("[C30] a gap is told once, with its operation, and then it goes on", async () => {
    const gaps: GappedOperation[] = [];
    const client = make({ onGap: (operation) => gaps.push(operation) });
    const [a, b] = [follow(client, "a"), follow(client, "b")];
    await untilLive(2);
    server.publish("a", 1);
    await until(() => expect(a.events).toEqual([1]));
    server.drop();
    server.publish("a", 2);
    server.forget();
    await untilOperations(2);
    await until(() => expect(gaps).toHaveLength(2));
    expect(gaps.map(({ payload }) => payload.variables)).toEqual([{ topic: "a" }, { topic: "b" }]);
    expect(gaps[0]?.position).toBe(server.position);
    server.publish("a", 3);
    server.publish("b", 4);
    await until(() => expect([a.events, b.events]).toEqual([[1, 3], [4]]));
    server.drop();
    server.publish("a", 5);
    await until(() => expect(a.events).toEqual([1, 3, 5]));
    expect(gaps).toHaveLength(2);
  });

  test("[C30] another epoch is a gap", async () => {
    const gaps: GappedOperation[] = [];
    const followed = follow(make({ onGap: (operation) => gaps.push(operation) }));
    await untilOperations(1);
    server.publish("a", ...range(1, 10));
    await until(() => expect(followed.events).toEqual(range(1, 10)));
    server.startAgain();
    server.drop();
    await until(() => expect(gaps).toHaveLength(1));
    server.publish("a", 11);
    await until(() => expect(followed.events).toEqual(range(1, 11)));
  });

  test("[C30] two equal operations at once get everything each, and each its own place", async () => {
    const client = make();
    const one = follow(client);
    await untilOperations(1);
    server.publish("a", 1);
    await until(() => expect(one.events).toEqual([1]));
    const two = follow(client);
    await untilLive(2);
    server.drop();
    server.publish("a", 2, 3);
    await until(() => expect([one.events, two.events]).toEqual([range(1, 3), range(2, 3)]));
    one.dispose();
    server.drop();
    server.publish("a", 4);
    await until(() => expect(two.events).toEqual(range(2, 4)));
    expect(one.events).toEqual(range(1, 3));
  });

  test("[C30] a first attempt that is refused is only the first", async () => {
    server.refusals = { count: 3, status: 503 };
    const followed = follow(make());
    await untilOperations(1);
    server.publish("a", 1);
    await until(() => expect(followed.events).toEqual([1]));
    expect(server.offers).toHaveLength(4);
  });

  test("[C30] a token that cannot be had is asked for again", async () => {
    server.isGuarded = true;
    let failures = 3;
    const followed = follow(
      make({ token: async () => (failures-- > 0 ? Promise.reject(new Error("down")) : fakeToken({})) }),
    );
    await untilOperations(1);
    expect(server.offers).toHaveLength(1);
    expect(followed.errors).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5])("[C30] cut off at random (seed %i): every event once, in order", async (seed) => {
    const random = seededRandom(seed);
    const gaps: GappedOperation[] = [];
    const client = make({ onGap: (operation) => gaps.push(operation) });
    const topics = ["a", "b", "b"];
    const followed = topics.map((topic) => follow(client, topic));
    await untilLive(3);
    const published: Record<string, number[]> = { a: [], b: [] };
    for (let value = 1; value <= 400; value++) {
      const topic = random() < 0.5 ? "a" : "b";
      const values = random() < 0.2 ? [value, value + 0.25, value + 0.5] : [value];
      published[topic]?.push(...values);
      server.publish(topic, ...values);
      const draw = random();
      if (draw < 0.06) server.drop();
      else if (draw < 0.09) server.closeAll(1012, "Service restart");
      else if (draw < 0.11) client.terminate();
      else if (draw < 0.13) server.refusals.count = 1;
      else if (draw < 0.5) await sleep(random() * 12);
    }
    await until(() =>
      expect(followed.map(({ events }) => events.length)).toEqual(topics.map((topic) => published[topic]?.length)),
    );
    await sleep(50);
    expect(followed.map(({ events }) => events)).toEqual(topics.map((topic) => published[topic]));
    expect(gaps).toEqual([]);
    expect(server.acknowledged).toBeGreaterThan(5);
  });
});

test("[C30] a subscription is told to be live once, and what is published from then on comes", async () => {
  const onLive = vi.fn();
  const followed = follow(sluice({ onLive }));
  await until(() => expect(onLive).toHaveBeenCalled());
  server.publish("a", 1);
  server.drop();
  server.publish("a", 2);
  await until(() => expect(followed.events).toEqual([1, 2]));
  const payload = expect.objectContaining({ variables: { topic: "a" } });
  expect(onLive.mock.calls).toEqual([[{ id: "1", payload, position: expect.any(String) }]]);
});

test("[C30] operations are numbered, so that equal clients can be sent the very same text", async () => {
  const clients = [sluice(), sluice()];
  for (const client of clients) for (const topic of ["a", "b"]) follow(client, topic);
  await untilLive(4);
  const ids = server.received.filter(({ type }) => type === "subscribe").map(({ id }) => id);
  expect(ids.toSorted()).toEqual(["1", "1", "2", "2"]);
});

describe("[C31] tokens on an open connection", () => {
  beforeEach(() => {
    server.isGuarded = true;
  });

  test("[C31] five refreshes, and the connection is the same", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const followed = follow(sluice({ token: () => fakeToken({}) }));
      await untilOperations(1);
      for (let refresh = 1; refresh <= 5; refresh++) {
        // The clock alone moves: the client keeps 5 s between two refreshes.
        vi.setSystemTime(Date.now() + 6_000);
        server.warn(Date.now() + 50);
        await until(() => expect(server.refreshes).toBe(refresh));
        server.publish("a", refresh);
      }
      await until(() => expect(followed.events).toEqual(range(1, 5)));
      expect(server.acknowledged).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test("[C31] one that cannot be refreshed expires, and the next connection brings a new one and what was missed", async () => {
    let isDown = true;
    const token = vi.fn(({ refresh }: { refresh: boolean }) => {
      if (refresh && isDown) throw new Error("down");
      return fakeToken({ lifeMs: refresh ? 3_600_000 : 300 });
    });
    const closes: unknown[] = [];
    const followed = follow(sluice({ token, on: { closed: (event) => closes.push((event as CloseEvent).reason) } }));
    await untilOperations(1);
    await until(() => expect(closes).toContain("Token expired"));
    server.publish("a", 1);
    isDown = false;
    await until(() => expect(followed.events).toEqual([1]));
    expect(token).toHaveBeenLastCalledWith({ refresh: true });
    expect(followed.errors).toEqual([]);
  });

  test("[C31] a caller who is refused twice is told so", async () => {
    const refused = fakeToken({});
    server.revoked.add(refused);
    const token = vi.fn(() => refused);
    const client = sluice({ token });
    const [one, two] = [follow(client), follow(client)];
    await until(() => expect([one.errors, two.errors].map(({ length }) => length)).toEqual([1, 1]));
    expect(one.errors).toEqual([expect.objectContaining({ code: 4403 })]);
    expect(token.mock.calls).toEqual([[{ refresh: false }], [{ refresh: true }]]);
  });

  test("[C31] a refusal that a new token cures is no error", async () => {
    const refused = fakeToken({});
    server.revoked.add(refused);
    const followed = follow(sluice({ token: ({ refresh }) => (refresh ? fakeToken({}) : refused) }));
    await untilOperations(1);
    server.publish("a", 1);
    await until(() => expect(followed.events).toEqual([1]));
    expect(followed.errors).toEqual([]);
  });

  test("[C31] another caller begins afresh, and is told that there is a gap", async () => {
    const gaps: GappedOperation[] = [];
    let sub = "ada";
    const client = sluice({ token: () => fakeToken({ sub }), onGap: (operation) => gaps.push(operation) });
    const followed = follow(client);
    await untilOperations(1);
    server.publish("a", 1);
    await until(() => expect(followed.events).toEqual([1]));
    sub = "grace";
    server.drop();
    server.publish("a", 2);
    await untilOperations(1);
    await until(() => expect(gaps).toHaveLength(1));
    server.publish("a", 3);
    await until(() => expect(followed.events).toEqual([1, 3]));
    const resumes = server.received
      .filter(({ type }) => type === "subscribe")
      .map(({ payload }) => payload?.["extensions"]);
    expect(resumes).toEqual([{ resume: {} }, { resume: {} }]);
  });
});

describe("[C32] a page that is loaded again", () => {
  let page: FakePage;
  const storage = new FakeStorage();
  beforeEach(() => {
    page = new FakePage();
    storage.items.clear();
    server.isGuarded = true;
  });
  afterEach(() => page.remove());

  const load = (sub = "ada", options: Partial<ClientOptions> = {}) =>
    sluice({ token: () => fakeToken({ sub }), persist: storage, ...options });

  /** The page is gone with everything that ran in it; no frame says so. */
  async function leave() {
    page.leave();
    server.drop();
    await until(() => expect(server.connections).toBe(0));
  }

  test("[C32] goes on where it was", async () => {
    const client = load();
    const [a, b] = [follow(client, "a"), follow(client, "b")];
    await untilOperations(2);
    server.publish("a", 1);
    await until(() => expect(a.events).toEqual([1]));
    const { dispose } = client;
    // Disposing would close the operations; a page that is left does not get that far.
    client.terminate();
    await leave();
    void dispose();
    server.publish("a", 2);
    server.publish("b", 3);
    const loaded = load();
    const [a2, b2] = [follow(loaded, "a"), follow(loaded, "b")];
    await until(() => expect([a2.events, b2.events]).toEqual([[2], [3]]));
    expect(b.events).toEqual([]);
  });

  test("[C32] and is told to be live, though it has missed nothing", async () => {
    const client = load();
    const before = follow(client);
    await untilLive(1);
    server.publish("a", 1);
    await until(() => expect(before.events).toEqual([1]));
    client.terminate();
    await leave();
    void client.dispose();
    const onLive = vi.fn();
    const after = follow(load("ada", { onLive }));
    await until(() => expect(onLive).toHaveBeenCalledTimes(1));
    server.publish("a", 2);
    await until(() => expect(after.events).toEqual([2]));
    expect(onLive).toHaveBeenCalledTimes(1);
  });

  test("[C32] not for another caller, and not for what was over", async () => {
    const client = load();
    const [a, b] = [follow(client, "a"), follow(client, "b")];
    await untilOperations(2);
    server.publish("a", 1);
    server.publish("b", 1);
    await until(() => expect([a.events, b.events]).toEqual([[1], [1]]));
    b.dispose();
    await untilOperations(1);
    client.terminate();
    await leave();
    void client.dispose();
    server.publish("a", 2);
    server.publish("b", 2);
    const again = load();
    const [a2, b2] = [follow(again, "a"), follow(again, "b")];
    await untilOperations(2);
    await until(() => expect(a2.events).toEqual([2]));
    again.terminate();
    await leave();
    void again.dispose();
    server.publish("a", 3);
    const other = follow(load("grace"), "a");
    await untilOperations(1);
    server.publish("a", 4);
    await until(() => expect(other.events).toEqual([4]));
    expect(b2.events).toEqual([]);
  });
});

describe("[C33] a connection that is not what it seems", () => {
  test("[C33] a network that is gone without a word is noticed by a ping", async () => {
    const followed = follow(sluice({ keepAlive: 50, pongTimeout: 50 }));
    await untilOperations(1);
    server.goSilent();
    server.publish("a", 1);
    await until(() => expect(followed.events).toEqual([1]));
  });

  test("[C33] a page that becomes visible connects at once", async () => {
    const page = new FakePage();
    try {
      const client = sluice({ retryWait: undefined as never });
      const random = vi.spyOn(Math, "random").mockReturnValue(0.999);
      const followed = follow(client);
      await untilOperations(1);
      server.drop();
      server.publish("a", 1);
      await until(() => expect(server.connections).toBe(0));
      await sleep(50);
      random.mockReturnValue(0);
      page.becomeVisible();
      await vi.waitFor(() => expect(followed.events).toEqual([1]), { timeout: 500, interval: 5 });
      random.mockRestore();
    } finally {
      page.remove();
    }
  });

  test("[C33] frames that make no sense end the operation with an error, as in graphql-ws", async () => {
    const followed = follow(sluice());
    await untilOperations(1);
    server.sendRaw('{"type":"nonsense"}');
    await until(() => expect(followed.errors).toHaveLength(1));
  });

  test("[C33] a client that waits is disposed of without waiting", async () => {
    server.refusals = { count: 1_000, status: 503 };
    const closed = vi.fn();
    const client = createClient({ url: server.url, webSocketImpl: WebSocket, on: { closed } });
    const followed = follow(client);
    await until(() => expect(closed).toHaveBeenCalled());
    await client.dispose();
    await until(() => expect(followed.isComplete).toBe(true));
  });

  test("[C33] closes that come right after the upgrade are retried", async () => {
    server.closesToCome.push({ code: 1013, reason: "Too many sockets" }, { code: 1012, reason: "Service restart" });
    const followed = follow(sluice());
    await untilOperations(1);
    expect(followed.errors).toEqual([]);
  });
});
