import { describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../../src/core/limits.ts";
import type { StreamOwner } from "../../../src/core/streams/event-stream.ts";
import { EventStreams } from "../../../src/core/streams/event-streams.ts";
import { MemoryStreamStore } from "../../../src/core/streams/memory-stream-store.ts";
import { newStreams } from "../../support/new-streams.ts";

const A: StreamOwner = { identity: "user:a", userWorkspaceId: "a", isUser: true };
const B: StreamOwner = { identity: "user:b", userWorkspaceId: "b", isUser: true };
const person = (filter: object = {}) => ({ objectNameSingular: "person", variables: { filter } });
const withLimits = (limits: Partial<Limits>, store?: MemoryStreamStore) =>
  newStreams({ ...DEFAULT_LIMITS, ...limits }, store);
/** Has a store that is only read from here on. */
function breakStore(store: MemoryStreamStore): void {
  for (const change of ["put", "deleteQuery"] as const) {
    vi.spyOn(store, change).mockImplementation(() => {
      throw new Error("Full.");
    });
  }
}
const subCodeOf = (answer: unknown) => (answer as { subCode?: string }).subCode;
const codeOf = (answer: unknown) => (answer as { code?: string }).code;

describe("a stream", () => {
  it("[STREAM-2] takes queries by their id, over those of the same id, and gives them up", () => {
    const streams = newStreams();
    streams.attach("s", A, undefined, 5, 0);
    expect(streams.addQuery("s", A.identity, "q", person({ name: { eq: "ada" } }), 0)).toBe(true);
    expect(streams.addQuery("s", A.identity, "q", person({ name: { eq: "bob" } }), 0)).toBe(true);
    const found = (name: string) => streams.candidates("person", [{ id: "1", name }]).size;
    expect([streams.get("s")?.queries.size, found("ada"), found("bob")]).toEqual([1, 0, 1]);
    expect(streams.removeQuery("s", A.identity, "q", 0)).toBe(true);
    expect(streams.removeQuery("s", A.identity, "q", 0)).toBe(true);
    expect([found("bob"), streams.keptBytes, streams.keptBytesOf(A.identity)]).toEqual([0, 0, 0]);
  });

  it("[STREAM-2] that is not there has no queries to change", () => {
    const streams = newStreams();
    expect(streams.addQuery("s", A.identity, "q", person(), 0)).toBe(false);
    expect(streams.removeQuery("s", A.identity, "q", 0)).toBe(false);
  });

  it("[STREAM-3] is its caller's alone", () => {
    const streams = newStreams();
    streams.attach("s", A, undefined, 0, 0);
    expect(subCodeOf(streams.addQuery("s", B.identity, "q", person(), 0))).toBe("NOT_AUTHORIZED");
    expect(subCodeOf(streams.removeQuery("s", B.identity, "q", 0))).toBe("NOT_AUTHORIZED");
    expect(subCodeOf(streams.attach("s", B, {}, 0, 0))).toBe("EVENT_STREAM_ALREADY_EXISTS");
    streams.detach("s", 0);
    expect(subCodeOf(streams.attach("s", B, undefined, 0, 1))).toBe("EVENT_STREAM_ALREADY_EXISTS");
  });

  it("[STREAM-4] keeps its queries for a client that goes on with it, and drops them for one that begins anew", () => {
    const streams = newStreams();
    streams.attach("s", A, {}, 5, 0);
    streams.addQuery("s", A.identity, "q", person(), 0);
    streams.detach("s", 10);
    expect(streams.attach("s", A, {}, 9, 20)).toMatchObject({ since: 5, detachedAt: undefined });
    expect(streams.get("s")?.queries.size).toBe(1);
    expect(streams.attach("s", A, undefined, 9, 30)).toMatchObject({ since: 10 });
    expect([streams.get("s")?.queries.size, streams.candidates("person", [{}]).size]).toEqual([0, 0]);
  });

  it("[STREAM-9] is known from its first position on to the client that made it, and not to one that meant another", () => {
    const streams = newStreams();
    const sinceOf = (stream: ReturnType<typeof streams.attach>) => "since" in stream && stream.since;
    expect(sinceOf(streams.attach("first", A, {}, 5, 0))).toBe(5);
    expect(sinceOf(streams.attach("first", A, { cursor: 5 }, 5, 0))).toBe(5);
    // It is not there any more, though nothing was written since.
    expect(sinceOf(streams.attach("gone", A, { cursor: 5 }, 5, 0))).toBe(6);
    // Made by a tab that asks for no positions, and asked for by one that had it before.
    expect(sinceOf(streams.attach("plain", A, undefined, 5, 0))).toBe(6);
    expect(sinceOf(streams.attach("plain", A, { cursor: 5 }, 5, 0))).toBe(6);
  });

  it("[STREAM-8] that storage does not let a subscription take goes when its time is over, queries and all", () => {
    const store = new MemoryStreamStore();
    const streams = newStreams(DEFAULT_LIMITS, store);
    streams.attach("s", A, undefined, 0, 0);
    streams.addQuery("s", A.identity, "q", person(), 0);
    streams.detach("s", 0);
    const full = () => {
      throw new Error("Full.");
    };
    const clear = vi.spyOn(store, "clearQueries").mockImplementation(full);
    expect(() => streams.attach("s", A, undefined, 0, 1)).toThrow("Full.");
    expect(streams.get("s")?.queries.size).toBe(1);
    clear.mockRestore();
    const put = vi.spyOn(store, "put").mockImplementation(full);
    expect(() => streams.attach("s", A, {}, 0, 1)).toThrow("Full.");
    put.mockRestore();
    expect(streams.nextExpiry).toBe(120_000);
    streams.expire(120_000);
    expect([streams.get("s"), store.load().streams]).toEqual([undefined, []]);
  });

  it("[STREAM-8] lives so long without its subscription, both sides", () => {
    const streams = newStreams();
    streams.attach("s", A, undefined, 0, 0);
    expect(streams.nextExpiry).toBe(Number.POSITIVE_INFINITY);
    streams.detach("s", 1_000);
    expect(streams.nextExpiry).toBe(121_000);
    expect(streams.addQuery("s", A.identity, "q", person(), 120_999)).toBe(true);
    expect(streams.addQuery("s", A.identity, "q", person(), 121_000)).toBe(false);
    expect([streams.count().streams, streams.keptBytes, streams.candidates("person", [{}]).size]).toEqual([0, 0, 0]);
    expect(streams.attach("s", B, undefined, 0, 121_000)).toMatchObject({ owner: B });
  });

  it("[STREAM-7] is there again after a restart, with its queries and its time", () => {
    const store = new MemoryStreamStore();
    const before = withLimits({}, store);
    before.attach("a", A, {}, 5, 0);
    before.addQuery("a", A.identity, "q", person({ name: { eq: "ada" } }), 0);
    before.attach("b", A, {}, 6, 0);
    before.detach("b", 1_000);
    const after = withLimits({}, store);
    expect([...after].map(({ id, since, detachedAt }) => [id, since, detachedAt])).toEqual([
      ["a", 5, undefined],
      ["b", 6, 1_000],
    ]);
    expect(after.candidates("person", [{ name: "ada" }]).size).toBe(1);
    expect([after.nextExpiry, after.keptBytes]).toEqual([121_000, before.keptBytes]);
    after.detachAllBut(new Set(), 2_000);
    expect(after.get("a")?.detachedAt).toBe(2_000);
  });

  it("[STREAM-9] whose stored query no longer fits the limits knows nothing of what came before, and has it no more", () => {
    const store = new MemoryStreamStore();
    const before = withLimits({}, store);
    before.attach("a", A, undefined, 5, 0);
    before.addQuery("a", A.identity, "q", person({ name: { in: ["a", "b", "c"] } }), 0);
    before.addQuery("a", A.identity, "fits", person(), 0);
    const after = newStreams({ ...DEFAULT_LIMITS, MAX_QUERY_IN_VALUES: 2 }, store, 99);
    expect([...after.outgrown]).toEqual([["a", ["q"]]]);
    after.forgetOutgrown();
    expect(after.attach("a", A, { cursor: 99 }, 99, 0)).toMatchObject({ since: 100 });
    expect([...(after.get("a")?.queries.keys() ?? [])]).toEqual(["fits"]);
    const later = withLimits({}, store);
    expect([later.outgrown.size, later.get("a")?.since, later.get("a")?.queries.size]).toEqual([0, 100, 1]);
  });

  it("[STREAM-9] is without that query also where the store cannot let go of it, and then at every wake", () => {
    const store = new MemoryStreamStore();
    const before = withLimits({}, store);
    before.attach("a", A, undefined, 5, 0);
    before.addQuery("a", A.identity, "q", person({ name: { in: ["a", "b", "c"] } }), 0);
    breakStore(store);
    for (const head of [99, 100]) {
      const after = newStreams({ ...DEFAULT_LIMITS, MAX_QUERY_IN_VALUES: 2 }, store, head);
      expect([...after.outgrown]).toEqual([["a", ["q"]]]);
      expect(after.forgetOutgrown.bind(after)).toThrow("Full.");
      expect([after.get("a")?.since, after.candidates("person", [{ name: "a" }]).size]).toEqual([head + 1, 0]);
    }
  });

  it("[STREAM-7] that lost its subscription while the object slept goes, also where the store cannot be told", () => {
    const store = new MemoryStreamStore();
    const before = withLimits({}, store);
    for (const id of ["a", "b", "c"]) before.attach(id, A, undefined, 0, 0);
    breakStore(store);
    const after = withLimits({}, store);
    expect(() => after.detachAllBut(new Set(["b"]), 2_000)).toThrow("Full.");
    expect([...after].map(({ id, detachedAt }) => [id, detachedAt])).toEqual([
      ["a", 2_000],
      ["b", undefined],
      ["c", 2_000],
    ]);
  });

  it("is found by its channel", () => {
    const streams = newStreams();
    streams.attach("s", A, undefined, 0, 0);
    expect(streams.ofChannel("channel-of-s")?.id).toBe("s");
    expect(streams.ofChannel("s")).toBeUndefined();
  });
});

describe("limits", () => {
  it("[LIMIT-33] of streams: the longest abandoned one gives way, and none that is in use", () => {
    const streams = withLimits({ MAX_STREAMS_PER_IDENTITY: 2 });
    for (const id of ["a", "b"]) streams.attach(id, A, undefined, 0, 0);
    expect(codeOf(streams.attach("c", A, undefined, 0, 0))).toBe("TOO_MANY_STREAMS");
    expect(codeOf(streams.attach("c", B, undefined, 0, 0))).toBeUndefined();
    streams.detach("b", 1);
    streams.detach("a", 2);
    expect(codeOf(streams.attach("d", A, undefined, 0, 3))).toBeUndefined();
    expect(["a", "b", "d"].map((id) => streams.get(id) !== undefined)).toEqual([true, false, true]);
  });

  it("[LIMIT-34] of queries of a stream; one that is replaced is none more", () => {
    const streams = withLimits({ MAX_QUERIES_PER_STREAM: 2 });
    streams.attach("s", A, undefined, 0, 0);
    const add = (id: string) => streams.addQuery("s", A.identity, id, person(), 0);
    expect([add("1"), add("2"), codeOf(add("3")), add("2")]).toEqual([true, true, "TOO_MANY_QUERIES", true]);
  });

  it("[LIMIT-15] [LIMIT-16] of bytes that a caller, and a workspace, make the object keep, operations included", () => {
    const at = (ofCaller: number, ofAll: number) => {
      const store = new MemoryStreamStore();
      const streams = new EventStreams({
        limits: { ...DEFAULT_LIMITS, MAX_KEPT_BYTES_PER_IDENTITY: 1_000, MAX_KEPT_BYTES_PER_WORKSPACE: 2_000 },
        stored: store.load(),
        store: () => store,
        head: 0,
        channelIdOf: String,
        keptBesides: () => ({ ofCaller, ofAll }),
      });
      streams.attach("s", A, undefined, 0, 0);
      return streams.addQuery("s", A.identity, "q", person(), 0);
    };
    expect(at(0, 0)).toBe(true);
    expect(at(980, 980)).toMatchObject({ code: "TOO_MANY_QUERIES", message: expect.stringMatching(/IDENTITY/) });
    expect(at(0, 1_980)).toMatchObject({ code: "TOO_MANY_QUERIES", message: expect.stringMatching(/WORKSPACE/) });
  });

  it("[LIMIT-35] of searches in texts, in all queries of a caller; what is removed or replaced counts no longer", () => {
    const streams = withLimits({ MAX_TEXT_CONDITIONS_PER_IDENTITY: 3 });
    for (const id of ["a", "b"]) streams.attach(id, A, undefined, 0, 0);
    streams.attach("c", B, undefined, 0, 0);
    const two = person({ name: { firstName: { ilike: "%a%" }, lastName: { ilike: "%a%" } } });
    const one = person({ name: { ilike: "%a%" } });
    expect(streams.addQuery("a", A.identity, "q", two, 0)).toBe(true);
    expect(codeOf(streams.addQuery("b", A.identity, "q", two, 0))).toBe("TOO_MANY_QUERIES");
    expect(streams.addQuery("c", B.identity, "q", two, 0)).toBe(true);
    expect(streams.addQuery("a", A.identity, "q", one, 0)).toBe(true);
    expect(streams.addQuery("b", A.identity, "q", two, 0)).toBe(true);
    expect(codeOf(streams.addQuery("b", A.identity, "more", one, 0))).toBe("TOO_MANY_QUERIES");
    expect(streams.addQuery("b", A.identity, "plain", person({ id: { eq: "1" } }), 0)).toBe(true);
    streams.removeQuery("a", A.identity, "q", 0);
    expect(streams.addQuery("b", A.identity, "more", one, 0)).toBe(true);
  });

  it("[LIMIT-36] of conditions and groups in all queries of a caller; what is removed or replaced counts no longer", () => {
    const streams = withLimits({ MAX_QUERY_NODES_PER_IDENTITY: 4 });
    for (const id of ["a", "b"]) streams.attach(id, A, undefined, 0, 0);
    streams.attach("c", B, undefined, 0, 0);
    const three = person({ a: { eq: 1 }, b: { eq: 1 } });
    const one = person({ a: { eq: 1 } });
    const add = (stream: string, query: string, signature: object, identity = A.identity) =>
      streams.addQuery(stream, identity, query, signature, 0);
    expect([add("a", "q", three), add("b", "q", one), add("c", "q", three, B.identity)]).toEqual([true, true, true]);
    expect(add("b", "more", person())).toMatchObject({
      code: "TOO_MANY_QUERIES",
      message: expect.stringMatching(/NODES/),
    });
    expect([add("a", "q", one), add("b", "more", person()), codeOf(add("b", "q", three))]).toEqual([
      ...[true, true, "TOO_MANY_QUERIES"],
    ]);
    streams.removeQuery("a", A.identity, "q", 0);
    expect(add("b", "q", three)).toBe(true);
  });

  it("[LIMIT-44] of a query, which is not added then", () => {
    const streams = withLimits({ MAX_QUERY_IN_VALUES: 2 });
    streams.attach("s", A, undefined, 0, 0);
    const answer = streams.addQuery("s", A.identity, "q", person({ name: { in: ["a", "b", "c"] } }), 0);
    expect([codeOf(answer), streams.get("s")?.queries.size]).toEqual(["QUERY_TOO_LARGE", 0]);
  });

  it.each(["", "x".repeat(129), "half \ud83d"])("[STREAM-15] of ids, such as %j", (id) => {
    const streams = newStreams();
    streams.attach("s", A, undefined, 0, 0);
    expect(codeOf(streams.attach(id, A, undefined, 0, 0))).toBe("BAD_USER_INPUT");
    expect(codeOf(streams.addQuery("s", A.identity, id, person(), 0))).toBe("BAD_USER_INPUT");
  });
});

it.each<[string, unknown]>([
  ["no object", "person"],
  ["no name", { variables: {} }],
  ["a wrong filter", person({ name: { nonsense: 1 } })],
  ["regex", person({ name: { regex: "a" } })],
])("[STREAM-14] a query with %s is taken, and is nobody's candidate", (_, signature) => {
  const streams = newStreams();
  streams.attach("s", A, undefined, 0, 0);
  expect(streams.addQuery("s", A.identity, "q", signature, 0)).toBe(true);
  expect(streams.candidates("person", [{ name: "a" }]).size).toBe(0);
  expect(streams.count()).toMatchObject({ streams: 1, queries: 1 });
});

it("[STREAM-14] counts queries that are wrong", () => {
  const streams = newStreams();
  streams.attach("s", A, undefined, 0, 0);
  streams.addQuery("s", A.identity, "1", person({ name: { regex: "a" } }), 0);
  streams.addQuery("s", A.identity, "2", person(), 0);
  expect(streams.count()).toEqual({ streams: 1, queries: 2, invalidQueries: 1, failedMatches: 0 });
});
