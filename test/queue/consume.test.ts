import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { consumeBatch } from "../../src/queue/consume.ts";
import type { DeadLetter } from "../../src/queue/dead-letter.ts";
import { FakeQueueBatch } from "../support/fake-queue-batch.ts";
import { FakeWorkspaces } from "../support/fake-workspaces.ts";
import {
  messageRules,
  OTHER_WORKSPACE,
  personUpdated,
  queueJobUpdated,
  WORKSPACE,
  webhookUpdated,
} from "../support/publish-fixtures.ts";

let workspaces: FakeWorkspaces;
let letters: DeadLetter[];
let deadLetters: { send(letter: DeadLetter): Promise<unknown> };

beforeEach(() => {
  workspaces = new FakeWorkspaces();
  letters = [];
  deadLetters = { send: async (letter) => letters.push(letter) };
  vi.spyOn(console, "warn").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

describe("a batch", () => {
  it("[QUEUE-2] [QUEUE-3] is one call per workspace, in order, and acknowledged message by message", async () => {
    const { settled } = await consume([
      personUpdated({ id: "a" }),
      personUpdated({ id: "b", workspaceId: OTHER_WORKSPACE }),
      { job: "PublishEntityEvents", data: personUpdated(), id: "c" },
      queueJobUpdated(),
    ]);
    expect(settled).toEqual(["ack", "ack", "ack", "ack"]);
    const calls = workspaces.calls.map(({ workspaceId, requests }) => [workspaceId, ...requests.map(({ id }) => id)]);
    expect(calls).toEqual([
      [WORKSPACE, "a", "c", "queue-3"],
      [OTHER_WORKSPACE, "b"],
    ]);
    expect(new Set(workspaces.requests.map(({ source }) => source))).toEqual(new Set(["queue"]));
  });

  it("of 100 messages that are as large as a queue takes them is taken whole", async () => {
    const large = (i: number) => personUpdated({ id: `${i}`, extra: "x".repeat(127_000) });
    const { settled } = await consume(Array.from({ length: 100 }, (_, i) => large(i)));
    expect(new Set(settled)).toEqual(new Set(["ack"]));
    expect(workspaces.calls).toHaveLength(1);
  });

  it("counts what was taken before as taken", async () => {
    await consume([personUpdated({ id: "a" })]);
    expect((await consume([personUpdated({ id: "a" })], 2)).settled).toEqual(["ack"]);
    expect(letters).toEqual([]);
  });

  it("may be empty", async () => {
    await expect(consume([])).resolves.toMatchObject({ settled: [] });
    expect(console.error).not.toHaveBeenCalled();
  });
});

describe("what cannot be taken now", () => {
  it("[QUEUE-4] is retried, and nothing else is", async () => {
    workspaces.failing.add(OTHER_WORKSPACE);
    const { settled } = await consume([personUpdated(), personUpdated({ workspaceId: OTHER_WORKSPACE })]);
    expect(settled).toEqual(["ack", "retry 2"]);
    expect(letters).toEqual([]);
  });

  it.each([
    [1, 2],
    [2, 4],
    [9, 512],
    [10, 900],
    [94, 900],
  ])("[QUEUE-4] after attempt %i waits %i seconds", async (attempts, delay) => {
    workspaces.failing.add(WORKSPACE);
    expect((await consume([personUpdated()], attempts)).settled).toEqual([`retry ${delay}`]);
  });

  it("is given up some attempts before the platform would move it, secrets and all", async () => {
    workspaces.failing.add(WORKSPACE);
    expect((await consume([webhookUpdated()], 95)).settled).toEqual(["ack"]);
    expect(letters).toMatchObject([{ reason: { code: "UNAVAILABLE" }, attempts: 95 }]);
    expect(JSON.stringify(letters)).not.toMatch(/secret"|hush/);
  });

  it("[QUEUE-4] waits for about 21 hours in all", async () => {
    workspaces.failing.add(WORKSPACE);
    let seconds = 0;
    let attempts = 1;
    for (; ; attempts++) {
      const [settled = ""] = (await consume([personUpdated()], attempts)).settled;
      if (settled === "ack") break;
      seconds += Number(settled.replace("retry ", ""));
    }
    expect(attempts).toBe(95);
    expect(Math.floor(seconds / 3600)).toBe(21);
  });
});

describe("what can never be taken", () => {
  it("goes to the dead letters with its reason, which is logged, and is acknowledged", async () => {
    const { settled } = await consume([personUpdated({ events: [] }), personUpdated()], 3);
    expect(settled).toEqual(["ack", "ack"]);
    const reason = { code: "BAD_MESSAGE", message: "events: expected a list of 1 to 1000 events." };
    expect(letters).toEqual([
      { reason, queueMessageId: "queue-0", attempts: 3, at: expect.any(String), body: personUpdated({ events: [] }) },
    ]);
    expect(Date.parse(letters[0]?.at ?? "")).toBeGreaterThan(Date.now() - 60_000);
    expect(console.error).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ queueMessageId: "queue-0", attempts: 3, reason }),
    );
  });

  it("includes a reused id and another job", async () => {
    await consume([personUpdated({ id: "a" }), personUpdated({ id: "a", name: "person.restored" }), { job: "Other" }]);
    expect(letters.map(({ reason }) => reason.code)).toEqual(["ID_REUSED", "BAD_MESSAGE"]);
  });

  it("leaves its secret fields behind, wherever they are", async () => {
    const body = {
      wrong: [{ webhook: { secret: "hush" } }],
      updatedFields: ["accessToken"],
      text: '{"secret":"hush"}',
    };
    await consume([body, JSON.stringify(body)]);
    expect(JSON.stringify(letters)).not.toMatch(/hush|accessToken/);
    expect(letters[0]?.body).toMatchObject({ wrong: [{ webhook: {} }], updatedFields: [] });
  });

  it("fits the dead-letter queue, without its body where that is too large", async () => {
    const body = (length: number) => ({ text: "ü".repeat(length) });
    await consume([body(63_000), body(64_000)]);
    expect(letters[0]).toHaveProperty("body", body(63_000));
    expect(letters[1]).not.toHaveProperty("body");
    expect(letters[1]).toHaveProperty("bodyOmitted");
    for (const letter of letters) expect(new TextEncoder().encode(JSON.stringify(letter)).length).toBeLessThan(128_000);
  });

  it("is retried when the dead letters do not take it", async () => {
    deadLetters = { send: () => Promise.reject(new Error("Too Many Requests")) };
    expect((await consume([{}, personUpdated()])).settled).toEqual(["retry 2", "ack"]);
    deadLetters = {
      send: () => {
        throw new Error("No such queue");
      },
    };
    expect((await consume([{}, personUpdated({ id: "b" })], 200)).settled).toEqual(["retry 900", "ack"]);
  });
});

describe("whatever happens", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = [cycle];
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = [deep];

  it.each<[string, unknown]>([
    ["a cycle", cycle],
    ["10,000 levels", deep],
    ["a bigint", { id: 1n }],
    ["bytes", new Uint8Array([1, 2, 3])],
    ["a text", "hello"],
    ["nothing", undefined],
    ["__proto__", JSON.parse('{"__proto__":{"polluted":1}}')],
  ])("a body like %s ends as a dead letter and harms no other", async (_, body) => {
    expect((await consume([body, personUpdated()])).settled).toEqual(["ack", "ack"]);
    expect(letters).toHaveLength(1);
    expect(() => JSON.stringify(letters)).not.toThrow();
    expect("polluted" in {}).toBe(false);
  });

  it("it does not throw: not for a message that cannot be settled, not for a lookup that fails", async () => {
    const batch = new FakeQueueBatch([personUpdated(), personUpdated()]);
    const [first] = batch.messages;
    if (first !== undefined) {
      first.ack = () => {
        throw new Error("Gone");
      };
      first.retry = first.ack;
    }
    await consumeBatch(batch, { settings: messageRules(), workspaceOf: workspaces.workspaceOf, deadLetters });
    expect(batch.settled).toEqual(["nothing", "ack"]);

    const throwing = () => {
      throw new Error("No such namespace");
    };
    const second = new FakeQueueBatch([personUpdated()]);
    await consumeBatch(second, { settings: messageRules(), workspaceOf: throwing, deadLetters });
    expect(second.settled).toEqual(["retry 2"]);
  });
});

async function consume(bodies: readonly unknown[], attempts = 1): Promise<FakeQueueBatch> {
  const batch = new FakeQueueBatch(bodies, attempts);
  await consumeBatch(batch, { settings: messageRules(), workspaceOf: workspaces.workspaceOf, deadLetters });
  return batch;
}
