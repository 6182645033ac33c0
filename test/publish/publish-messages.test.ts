import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../src/core/limits.ts";
import { type PublishDoor, publishMessages } from "../../src/publish/publish-messages.ts";
import { FakeWorkspaces } from "../support/fake-workspaces.ts";
import {
  chatMessage,
  messageRules,
  metadataCreated,
  OTHER_WORKSPACE,
  personUpdated,
  queueJobUpdated,
  WORKSPACE,
  webhookUpdated,
} from "../support/publish-fixtures.ts";

const workspaces = { current: new FakeWorkspaces() };
const RANDOM_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

beforeEach(() => {
  workspaces.current = new FakeWorkspaces();
});
afterEach(() => vi.restoreAllMocks());

describe("publishMessages", () => {
  it("[PUB-3] answers each message in its place", async () => {
    const { results } = await publish([personUpdated({ id: "a" }), { bad: true }, metadataCreated({ id: "b" })]);
    expect(results).toEqual([
      { id: "a", workspaceId: WORKSPACE, position: "p1", events: 1, duplicate: false },
      { error: { code: "BAD_MESSAGE", message: "workspaceId: expected a UUID.", retryable: false } },
      { id: "b", workspaceId: WORKSPACE, position: "p2", events: 1, duplicate: false },
    ]);
  });

  it("hands the object what it needs, as plain strings", async () => {
    await publish([personUpdated({ id: "a" })]);
    const [event] = personUpdated().events;
    const [request] = workspaces.current.requests;
    expect(request).toEqual({
      id: "a",
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      source: "direct",
      events: 1,
      body: JSON.stringify({ kind: "record", objectNameSingular: "person", action: "updated", events: [event] }),
    });
  });

  it("takes all four shapes", async () => {
    const { results } = await publish([personUpdated(), metadataCreated(), queueJobUpdated(), chatMessage()]);
    expect(results.filter((result) => "error" in result)).toEqual([]);
    const kinds = workspaces.current.requests.map(({ body }) => JSON.parse(body).kind);
    expect(kinds).toEqual(["record", "metadata", "queueJob", "channel"]);
  });

  it("calls each workspace once, with its messages in their order", async () => {
    const message = (id: string, workspaceId: string) => personUpdated({ id, workspaceId });
    const { results } = await publish([
      message("a", WORKSPACE),
      message("b", OTHER_WORKSPACE),
      message("c", WORKSPACE.toUpperCase()),
      message("d", OTHER_WORKSPACE),
    ]);
    const calls = workspaces.current.calls.map(({ workspaceId, requests }) => [
      workspaceId,
      ...requests.map(({ id }) => id),
    ]);
    expect(calls).toEqual([
      [WORKSPACE, "a", "c"],
      [OTHER_WORKSPACE, "b", "d"],
    ]);
    expect(results.map((result) => [result.id, result.workspaceId])).toEqual([
      ["a", WORKSPACE],
      ["b", OTHER_WORKSPACE],
      ["c", WORKSPACE],
      ["d", OTHER_WORKSPACE],
    ]);
  });

  it("calls nobody when every message is bad", async () => {
    await publish([{}, null, 1]);
    expect(workspaces.current.calls).toEqual([]);
  });

  it("[PUB-11] keeps secret fields from the object", async () => {
    await publish([webhookUpdated()]);
    expect(workspaces.current.requests[0]?.body).not.toMatch(/secret|hush/);
  });

  it("says of a bad message which one it is, as far as that can be read", async () => {
    const { results } = await publish([personUpdated({ id: "a", events: [] }), personUpdated({ id: "x".repeat(129) })]);
    expect(results).toMatchObject([{ id: "a", workspaceId: WORKSPACE }, { workspaceId: WORKSPACE }]);
    expect(results[1]).not.toHaveProperty("id");
  });
});

describe("ids", () => {
  it("[PUB-9] are made for messages that bring none, before the object is called", async () => {
    const { results } = await publish([personUpdated(), personUpdated({ id: null })]);
    const [first, second] = workspaces.current.requests;
    expect(results.map(({ id }) => id)).toEqual([first?.id, second?.id]);
    expect(first?.id).toMatch(RANDOM_UUID);
    expect(second?.id).not.toBe(first?.id);
  });

  it("are the door's for messages that bring none, where it has some", async () => {
    const { results } = await publish([personUpdated(), personUpdated({ id: "own" })], { fallbackIds: ["q1", "q2"] });
    expect(results.map(({ id }) => id)).toEqual(["q1", "own"]);
  });

  it("pass twice in one call, for the object to answer", async () => {
    const other = personUpdated({ id: "a", name: "person.restored" });
    const { results } = await publish([personUpdated({ id: "a" }), personUpdated({ id: "a" }), other]);
    expect(results).toMatchObject([
      { duplicate: false, position: "p1" },
      { duplicate: true, position: "p1" },
      { id: "a", workspaceId: WORKSPACE, error: { code: "ID_REUSED", retryable: false } },
    ]);
  });

  it("[PUB-13] do not change the digest, whichever door they come through", async () => {
    await publish([personUpdated({ id: "a" })]);
    await publish([personUpdated()], { source: "queue", fallbackIds: ["q1"] });
    await publish([structuredClone(personUpdated({ id: undefined }))]);
    expect(new Set(workspaces.current.requests.map(({ digest }) => digest)).size).toBe(1);
  });

  it("[PUB-13] with a digest of the message as it came, which no setting changes", async () => {
    await publish([webhookUpdated()]);
    await publish([webhookUpdated()], { settings: { ...messageRules(), secretFields: new Map() } });
    const [first, second] = workspaces.current.requests;
    expect(first?.body).not.toBe(second?.body);
    expect(first?.digest).toBe(second?.digest);
    // A log that was written by another version knows it by this.
    expect(first?.digest).toBe("82025fd4a0bc614cf9d8a1b0261c8ce71fb5dd9653c155171ee7bcec9df30613");
    const changed = JSON.parse(JSON.stringify(webhookUpdated()).replaceAll("hush-2", "hush-3"));
    await publish([changed]);
    expect(workspaces.current.requests[2]).toMatchObject({ body: first?.body });
    expect(workspaces.current.requests[2]?.digest).not.toBe(first?.digest);
  });
});

describe("a workspace that fails", () => {
  it("fails its own messages only, and those may be tried again with the ids they got", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    workspaces.current.failing.add(WORKSPACE);
    const { results } = await publish([
      personUpdated(),
      personUpdated({ workspaceId: OTHER_WORKSPACE }),
      personUpdated(),
    ]);
    const unavailable = { workspaceId: WORKSPACE, error: { code: "UNAVAILABLE", retryable: true } };
    expect(results).toMatchObject([unavailable, { duplicate: false }, unavailable]);
    expect(results.map(({ id }) => id)).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(RANDOM_UUID)));
    expect(JSON.stringify(results)).not.toContain("reset");
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ workspaceId: WORKSPACE, messages: 2, error: "The object was reset." }),
    );
  });

  it("may fail already when it is looked up, or answer too little", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const unavailable = { error: { code: "UNAVAILABLE", retryable: true } };
    const throwing = () => {
      throw new Error("No such namespace.");
    };
    expect(await publish([personUpdated()], { workspaceOf: throwing })).toMatchObject({ results: [unavailable] });
    const silent = () => ({ publish: async () => [] });
    expect(await publish([personUpdated()], { workspaceOf: silent })).toMatchObject({ results: [unavailable] });
  });
});

describe("the limits of a direct call", () => {
  it("[LIMIT-23] are 1 to 100 messages", async () => {
    const messages = (count: number) => Array.from({ length: count }, () => personUpdated());
    expect((await publish(messages(100))).results).toHaveLength(100);
    await expect(publish(messages(101))).rejects.toMatchObject({ code: "TOO_LARGE", status: 413 });
    await expect(publish([])).rejects.toMatchObject({ code: "BAD_MESSAGE", status: 400 });
  });

  it.each([[undefined], [null], ["[]"], [{ length: 1, 0: personUpdated() }], [new Map()]])(
    "want a list, not %s",
    async (input) => {
      await expect(publish(input)).rejects.toMatchObject({ code: "BAD_MESSAGE", status: 400 });
    },
  );

  it("[LIMIT-22] are 1 MiB for all messages together, in bytes", async () => {
    const half = (bytes: number) => sized(DEFAULT_LIMITS.MAX_PUBLISH_BYTES / 2 + bytes);
    expect((await publish([half(0), half(0)])).results).toMatchObject([{ events: 1 }, { events: 1 }]);
    await expect(publish([half(0), half(1)])).rejects.toMatchObject({ code: "TOO_LARGE", status: 413 });
    const umlauts = personUpdated({ extra: "ü".repeat(600_000) });
    await expect(publish([umlauts])).rejects.toMatchObject({ code: "TOO_LARGE" });
  });

  it("[LIMIT-22] count what was parsed as it is written again, where its text does not tell that it fits", async () => {
    // Not above the limit as it came, but as the log would keep it.
    const text = `[${"1e20,".repeat(150_000)}1]`;
    const extra: unknown = JSON.parse(text);
    const door = { parsedUnits: text.length };
    await expect(publish([personUpdated({ extra })], door)).rejects.toMatchObject({ code: "TOO_LARGE", status: 413 });
    const half = `[${"10000,".repeat(80_000)}1]`;
    expect(
      (await publish([personUpdated({ extra: JSON.parse(half) })], { parsedUnits: half.length })).results,
    ).toMatchObject([{ events: 1 }]);
  });

  it("stop at one huge string, and take nothing", async () => {
    const huge = personUpdated({ extra: "x".repeat(20_000_000) });
    await expect(publish([personUpdated(), huge])).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(workspaces.current.calls).toEqual([]);
  });
});

describe("the limits of a queue batch", () => {
  const inQueue = (messages: unknown[], limits: Partial<Limits> = {}) =>
    publish(messages, { source: "queue", settings: messageRules(limits) });

  it("are those of each message, so that the good ones do not fail with the size of the batch", async () => {
    const { results } = await inQueue(Array.from({ length: 100 }, () => sized(100_000)));
    expect(results.filter((result) => "error" in result)).toEqual([]);
    expect(workspaces.current.calls).toHaveLength(1);
  });

  it("[LIMIT-22] refuse one that is too large in its place, and know no number of messages", async () => {
    const { results } = await inQueue([sized(2_000), sized(2_001), personUpdated()], {
      MAX_PUBLISH_BYTES: 2_000,
      MAX_PUBLISH_MESSAGES: 1,
    });
    expect(results).toMatchObject([{ events: 1 }, { error: { code: "TOO_LARGE", retryable: false } }, { events: 1 }]);
  });
});

describe("hostile input", () => {
  const cycle: Record<string, unknown> = personUpdated();
  cycle.self = cycle;
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = { deep };

  it.each<[string, unknown]>([
    ["a cycle", cycle],
    ["10,000 levels", personUpdated({ extra: deep })],
    ["a bigint", personUpdated({ extra: 1n })],
    ["a function", personUpdated({ extra: () => 1 })],
    ["a map", new Map(Object.entries(personUpdated()))],
    ["bytes", personUpdated({ extra: new Uint8Array(4) })],
    ["nothing", undefined],
  ])("%s is BAD_MESSAGE in its place", async (_, message) => {
    const { results } = await publish([message, personUpdated()]);
    expect(results).toMatchObject([{ error: { code: "BAD_MESSAGE", retryable: false } }, { duplicate: false }]);
  });

  it("nests 64 levels in a message and no more, whichever door it comes through", async () => {
    for (const source of ["direct", "queue"] as const) {
      const { results } = await publish([personUpdated({ extra: nested(63) }), personUpdated({ extra: nested(64) })], {
        source,
      });
      expect(results).toMatchObject([{ events: 1 }, { error: { code: "BAD_MESSAGE" } }]);
    }
  });

  it("has dates written as strings", async () => {
    const events = [{ recordId: "a", properties: { after: { createdAt: new Date(0) } } }];
    await publish([personUpdated({ events })]);
    expect(workspaces.current.requests[0]?.body).toContain('"createdAt":"1970-01-01T00:00:00.000Z"');
  });

  it("with __proto__ keys pollutes nothing and brings none to the object", async () => {
    const after: unknown = JSON.parse('{"id":"a","__proto__":{"polluted":true},"in":{"__proto__":1}}');
    await publish([personUpdated({ events: [{ properties: { after } }] })]);
    expect(workspaces.current.requests[0]?.body).toContain('"after":{"id":"a","in":{}}');
    expect("polluted" in {}).toBe(false);
  });

  it("of any kind is answered, message by message", async () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 5 }), async (messages) => {
        const { results } = await publish(messages);
        expect(results).toHaveLength(messages.length);
        for (const result of results) expect(result).toMatchObject({ error: { code: "BAD_MESSAGE" } });
      }),
    );
  });
});

function publish(input: unknown, door: Partial<PublishDoor> = {}) {
  const { workspaceOf } = workspaces.current;
  return publishMessages(input, { settings: messageRules(), source: "direct", workspaceOf, ...door });
}

/** A message of so many bytes as JSON. */
function sized(bytes: number) {
  const empty = JSON.stringify(personUpdated({ extra: "" })).length;
  return personUpdated({ extra: "x".repeat(bytes - empty) });
}

function nested(levels: number): unknown {
  let value: unknown[] = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}
