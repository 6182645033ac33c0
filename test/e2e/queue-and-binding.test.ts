import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { personUpdated, recordNames, subscribeToAll } from "./events.ts";

interface DeadLetter {
  readonly reason: { readonly code: string; readonly message: string };
  readonly attempts: number;
  readonly body: Readonly<Record<string, unknown>>;
}

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ examples: ["publisher-worker", "queue-producer", "dead-letters"] });
});
afterAll(() => gateway.stop());

async function subscriber(workspaceId: string): Promise<RawSocket> {
  const socket = await RawSocket.connect(gateway.wsUrl, await gateway.token(workspaceId));
  socket.send(subscribeToAll("1"));
  await socket.drain();
  return socket;
}

async function produce(path: "/messages" | "/jobs", ...messages: readonly object[]): Promise<void> {
  const { status } = await gateway.ask("queue-producer", path, { method: "POST", body: JSON.stringify({ messages }) });
  expect(status).toBe(202);
}

/** The dead letters of a workspace, once there are as many as this. */
async function lettersOf(workspaceId: string, count: number): Promise<readonly DeadLetter[]> {
  const endsAt = Date.now() + 10_000;
  for (;;) {
    const letters = (await (await gateway.ask("dead-letters", "/")).json()) as readonly DeadLetter[];
    const own = letters.filter(({ body }) => JSON.stringify(body).includes(workspaceId));
    if (own.length >= count) return own;
    if (Date.now() > endsAt) throw new Error(`Waited 10 s for ${count} dead letters: ${JSON.stringify(letters)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a batch of the queue", () => {
  test("[QUEUE-3] delivers the neighbours of duplicates and poison, [QUEUE-5] which ends in the dead letters", async () => {
    const workspaceId = crypto.randomUUID();
    const socket = await subscriber(workspaceId);
    const once = { ...personUpdated(workspaceId, "Grace"), id: crypto.randomUUID() };
    await produce(
      "/messages",
      personUpdated(workspaceId, "Ada"),
      once,
      { name: "person.updated", workspaceId, events: [], note: "poison" },
      once,
      { ...once, events: personUpdated(workspaceId, "another content").events },
      personUpdated(workspaceId, "Edith"),
    );
    expect(recordNames([await socket.next(), await socket.next(), await socket.next()])).toEqual([
      "Ada",
      "Grace",
      "Edith",
    ]);

    const letters = await lettersOf(workspaceId, 2);
    expect(letters).toHaveLength(2);
    expect(letters).toContainEqual(
      expect.objectContaining({
        reason: { code: "BAD_MESSAGE", message: expect.stringContaining("events: expected") },
        attempts: 1,
        body: expect.objectContaining({ note: "poison" }),
      }),
    );
    expect(letters).toContainEqual(expect.objectContaining({ reason: expect.objectContaining({ code: "ID_REUSED" }) }));
    expect(gateway.logs()).toMatch(/A queue message was given up[\s\S]*events: expected/);

    expect(await socket.drain()).toEqual([]);
    const { log } = await gateway.inspect(workspaceId);
    expect(log).toMatchObject({ rows: 3 });
    socket.close(1000);
  });

  test("[QUEUE-1] takes the job that Twenty's queue abstraction makes of a message", async () => {
    const workspaceId = crypto.randomUUID();
    const socket = await subscriber(workspaceId);
    await produce("/jobs", personUpdated(workspaceId, "Ada"), personUpdated(workspaceId, "Grace"));
    expect(recordNames([await socket.next(), await socket.next()])).toEqual(["Ada", "Grace"]);
    socket.close(1000);
  });

  test("[QUEUE-5] keeps secret fields out of the dead letters, as everywhere", async () => {
    const workspaceId = crypto.randomUUID();
    const record = { id: "1", targetUrl: "https://example.com", secret: "hush" };
    await produce("/messages", {
      name: "webhook.updated",
      workspaceId,
      events: [{ recordId: "1", properties: { after: record } }, "poison"],
    });
    const [letter] = await lettersOf(workspaceId, 1);
    expect(JSON.stringify(letter)).toContain("example.com");
    expect(JSON.stringify(letter)).not.toContain("hush");
  });

  test("[QUEUE-3] of several workspaces reaches each of them", async () => {
    const ids = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    const sockets = await Promise.all(ids.map(subscriber));
    await produce("/messages", ...[...ids, ...ids].map((workspaceId, i) => personUpdated(workspaceId, `${i}`)));
    for (const [i, socket] of sockets.entries()) {
      expect(recordNames([await socket.next(), await socket.next()])).toEqual([`${i}`, `${i + ids.length}`]);
      socket.close(1000);
    }
  });
});

describe("a service binding", () => {
  test("publishes, and its answer is durable and delivered", async () => {
    const workspaceId = crypto.randomUUID();
    const socket = await subscriber(workspaceId);
    const answer = await gateway.ask("publisher-worker", "/people/p1", {
      method: "POST",
      body: JSON.stringify({ workspaceId, before: { city: "Paris" }, after: { city: "Lyon" } }),
    });
    const { position } = await gateway.inspect(workspaceId);
    expect(await answer.json()).toMatchObject({ workspaceId, events: 1, duplicate: false, position });
    const data = {
      onDbEvent: expect.objectContaining({ record: { id: "p1", city: "Lyon" }, updatedFields: ["city"] }),
    };
    expect(await socket.next()).toEqual({ id: "1", type: "next", payload: { data } });
    socket.close(1000);
  });

  test("[PUB-4] tells the publisher what was not taken", async () => {
    const body = JSON.stringify({ workspaceId: "acme", before: {}, after: {} });
    const answer = await gateway.ask("publisher-worker", "/people/p1", { method: "POST", body });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { code: "BAD_MESSAGE", retryable: false } });
  });
});
