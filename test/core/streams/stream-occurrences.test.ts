import { describe, expect, it } from "vitest";
import { OPEN_VIEWER, type Viewer } from "../../../src/core/permissions/viewer.ts";
import type { Message, RecordEvent, RecordMessage } from "../../../src/core/pubsub/message.ts";
import type { StreamOwner } from "../../../src/core/streams/event-stream.ts";
import { streamOccurrences } from "../../../src/core/streams/stream-occurrences.ts";
import { newStreams } from "../../support/new-streams.ts";

const USER: StreamOwner = { identity: "user:a", userWorkspaceId: "a", isUser: true };
const OTHER: StreamOwner = { identity: "user:b", userWorkspaceId: "b", isUser: true };
const FOR_USER: StreamOwner = { identity: "application:x:a", userWorkspaceId: "a", isUser: false };
const API_KEY: StreamOwner = { identity: "apiKey:k", isUser: false };

/** Streams by id, each with an owner and queries, `{queryId: filter}`, on `person`. */
function streamsWith(streams: Record<string, [StreamOwner, Record<string, object>?]>) {
  const made = newStreams();
  for (const [id, [owner, queries = {}]] of Object.entries(streams)) {
    made.attach(id, owner, undefined, 0, 0);
    for (const [queryId, filter] of Object.entries(queries)) {
      made.addQuery(id, owner.identity, queryId, { objectNameSingular: "person", variables: { filter } }, 0);
    }
  }
  return made;
}

interface Value {
  readonly objectRecordEventsWithQueryIds: readonly {
    readonly queryIds: readonly string[];
    readonly objectRecordEvent: { readonly recordId: string };
  }[];
  readonly eventWithQueryIdsList: readonly unknown[];
  readonly metadataEvents: readonly { readonly recordId: string; readonly type: string }[];
  readonly queueJobEvents: readonly { readonly jobId: string }[];
}

/** What each stream is told of a message. */
function told(message: Message, streams: ReturnType<typeof newStreams>, viewer: Viewer = OPEN_VIEWER) {
  return new Map(
    streamOccurrences(message, streams)
      .map(({ topic, valueFor }) => [topic[0], valueFor(viewer, {}) as Value | undefined] as const)
      .filter((each): each is [string, Value] => each[1] !== undefined),
  );
}

/** The same for records: `stream: record=query,query`. */
function matched(message: Message, streams: ReturnType<typeof newStreams>, viewer?: Viewer): string[] {
  return [...told(message, streams, viewer)].map(([id, { objectRecordEventsWithQueryIds: list }]) => {
    const events = list.map(({ queryIds, objectRecordEvent: { recordId } }) => `${recordId}=${queryIds.join()}`);
    return `${id}: ${events.join(" ")}`;
  });
}

const event = (after?: object, before?: object): RecordEvent => ({
  recordId: String(((after ?? before) as { id?: unknown }).id),
  properties: { after, before } as RecordEvent["properties"],
});
const batch = (action: RecordMessage["action"], ...events: RecordEvent[]): RecordMessage => ({
  kind: "record",
  objectNameSingular: "person",
  action,
  events,
});

describe("records", () => {
  it("have their JSON printed once for all queries of all streams, which takes longer than the patterns do", () => {
    const patterns = ["%one%", "%two%", "%list%"].map((like) => ({ data: { like } }));
    const queries = Object.fromEntries(patterns.entries());
    const streams = streamsWith({ s: [USER, queries], t: [OTHER, queries] });
    let reads = 0;
    const data = new Proxy(
      { list: ["one"] },
      {
        ownKeys(target) {
          reads++;
          return Reflect.ownKeys(target);
        },
      },
    );
    expect(matched(batch("created", event({ id: "1", data })), streams)).toEqual(["s: 1=0,2", "t: 1=0,2"]);
    expect(reads).toBe(1);
  });

  it("[PERM-17] are the same object for streams of those who see the same, and for nobody else", () => {
    const owners = Array.from({ length: 20 }, (_, i) => [`s${i}`, { ...USER, identity: `user:${i}` }] as const);
    const streams = streamsWith(Object.fromEntries(owners.map(([id, owner]) => [id, [owner, { all: {} }]])));
    // Each tenth stream has a class in common, and there are more classes than are kept at once.
    const viewers = Array.from({ length: 10 }, (_, i): Viewer => {
      return { ...OPEN_VIEWER, key: `class ${i}`, see: (_, { recordId }) => event({ id: recordId, class: i }) };
    });
    const occurrences = streamOccurrences(batch("created", event({ id: "1" })), streams);
    const shown = (viewer: Viewer, i: number) => {
      const value = occurrences[i]?.valueFor(viewer, {}) as Value | undefined;
      return value?.objectRecordEventsWithQueryIds[0]?.objectRecordEvent;
    };
    const pairs = viewers.map((viewer, i) => [shown(viewer, i), shown(viewer, i + 10)]);
    for (const [i, [one, other]] of pairs.entries()) {
      expect(one).toBe(other);
      expect(one).toMatchObject({ properties: { after: { class: i } } });
    }
    // Another order, by which each class is forgotten in between.
    for (const [i, viewer] of [...viewers, ...viewers].entries()) {
      expect(shown(viewer, i)).toMatchObject({ properties: { after: { class: i % 10 } } });
    }
  });

  it("[STREAM-5] go to a stream together, each with the queries that it matches, in the shape of either era", () => {
    const streams = streamsWith({
      s: [USER, { all: {}, ada: { name: { eq: "ada" } }, bob: { name: { eq: "bob" } } }],
      t: [OTHER, { bob: { name: { ilike: "B%" } } }],
      u: [OTHER, { none: { name: { eq: "eve" } } }],
    });
    const message = batch("created", event({ id: "1", name: "ada" }), event({ id: "2", name: "bob" }));
    expect(matched(message, streams)).toEqual(["s: 1=all,ada 2=all,bob", "t: 2=bob"]);
    const [first] = told(message, streams).values();
    expect(first?.objectRecordEventsWithQueryIds[0]?.objectRecordEvent).toMatchObject({
      action: "CREATED",
      objectNameSingular: "person",
      recordId: "1",
      properties: { after: { id: "1", name: "ada" } },
    });
    expect(first?.eventWithQueryIdsList[0]).toEqual({
      queryIds: ["all", "ada"],
      event: first?.objectRecordEventsWithQueryIds[0]?.objectRecordEvent,
    });
    const positions = streamOccurrences(message, streams).map((occurrence) => occurrence.event);
    expect(positions).toEqual([1, 1, 1].slice(0, positions.length));
  });

  const DELETED = { id: "1", name: "ada", deletedAt: "2026-01-01T00:00:00.000Z" };
  const ALIVE = { id: "1", name: "ada", deletedAt: null };
  const RENAMED = { ...ALIVE, name: "bob" };
  it.each<[string, RecordMessage, readonly string[]]>([
    ["entering a view", batch("updated", event(ALIVE, RENAMED)), ["s: 1=all,ada"]],
    ["leaving a view", batch("updated", event(RENAMED, ALIVE)), ["s: 1=all,ada"]],
    ["outside of it", batch("updated", event(RENAMED, RENAMED)), ["s: 1=all"]],
    ["created", batch("created", event(ALIVE, RENAMED)), ["s: 1=all,ada"]],
    ["created elsewhere, whatever was before", batch("created", event(RENAMED, ALIVE)), ["s: 1=all"]],
    ["upserted", batch("upserted", event(ALIVE)), ["s: 1=all,ada"]],
    ["deleted", batch("deleted", event(DELETED, ALIVE)), ["s: 1=all,ada"]],
    ["restored", batch("restored", event(ALIVE, DELETED)), ["s: 1=all,ada"]],
    ["destroyed", batch("destroyed", event(undefined, ALIVE)), ["s: 1=all,ada"]],
    ["destroyed after it was deleted", batch("destroyed", event(undefined, DELETED)), ["s: 1=all"]],
    ["updated while deleted", batch("updated", event(DELETED, DELETED)), ["s: 1=all"]],
    ["of another object", { ...batch("created", event(ALIVE)), objectNameSingular: "company" }, []],
    ["superseded", batch("updated", { ...event(ALIVE, ALIVE), superseded: true }), []],
  ])("[STREAM-6] %s", (_, message, expected) => {
    const streams = streamsWith({ s: [USER, { all: {}, ada: { name: { eq: "ada" } } }] });
    expect(matched(message, streams)).toEqual(expected);
  });

  it("[STREAM-10] reach nobody without a user workspace", () => {
    const streams = streamsWith({ k: [API_KEY, { all: {} }], f: [FOR_USER, { all: {} }] });
    expect(matched(batch("created", event({ id: "1" })), streams)).toEqual(["f: 1=all"]);
  });

  it("are judged as the subscriber sees them, and not at all by a field that is kept from it", () => {
    const streams = streamsWith({
      s: [USER, { salary: { salary: { gt: 1 } }, not: { not: { salary: { gt: 1 } } }, name: { name: { eq: "seen" } } }],
    });
    const viewer: Viewer = {
      ...OPEN_VIEWER,
      see: (_, { recordId }) => (recordId === "2" ? undefined : event({ id: recordId, name: "seen" })),
      hides: (_, field) => field === "salary",
    };
    const message = batch("created", event({ id: "1", salary: 5, name: "seen" }), event({ id: "2", name: "seen" }));
    expect(matched(message, streams, viewer)).toEqual(["s: 1=name"]);
  });

  it("[STREAM-14] that a filter does not fit match nothing, and are counted", () => {
    const streams = streamsWith({ s: [USER, { odd: { name: { gt: 1 } }, all: {} }] });
    const fields = [{ name: "other", type: "TEXT" }];
    const message = {
      ...batch("created", event({ id: "1", name: "x" })),
      objectMetadata: { nameSingular: "person", fields },
    };
    expect(matched(message, streams)).toEqual(["s: 1=all"]);
    expect(streams.count().failedMatches).toBe(1);
  });

  it("are looked for in one stream only, in a replay", () => {
    const streams = streamsWith({ s: [USER, { all: {} }], t: [OTHER, { all: {} }] });
    const message = batch("created", event({ id: "1" }));
    expect(streamOccurrences(message, streams, "t").map(({ topic }) => topic)).toEqual([["t"]]);
    expect(streamOccurrences(message, streams, "unknown")).toEqual([]);
  });
});

describe("metadata", () => {
  const metadata = (rest: object = {}): Message => ({
    kind: "metadata",
    metadataName: "view",
    type: "updated",
    events: [{ recordId: "1", properties: {} }],
    updatedCollectionHash: "h",
    ...rest,
  });
  const streams = streamsWith({ a: [USER], b: [OTHER], f: [FOR_USER], k: [API_KEY] });
  it.each<[string, object, readonly string[]]>([
    ["every stream", {}, ["a", "b", "f", "k"]],
    ["the recipients'", { recipientUserWorkspaceIds: ["b"] }, ["b"]],
    ["nobody's, where nobody is a recipient", { recipientUserWorkspaceIds: [] }, []],
    ["users', where a flag is required", { requiredPermissionFlag: "WORKFLOWS" }, ["a", "b"]],
  ])("[STREAM-11] goes to %s", (_, rest, ids) => expect([...told(metadata(rest), streams).keys()]).toEqual(ids));

  it("[STREAM-11] with a required flag goes to nobody who has not got it", () => {
    const viewer = { ...OPEN_VIEWER, hasFlag: (flag: string) => flag === "AI" };
    expect(told(metadata({ requiredPermissionFlag: "WORKFLOWS" }), streams, viewer).size).toBe(0);
    expect(told(metadata({ requiredPermissionFlag: "AI" }), streams, viewer).size).toBe(2);
  });

  it("has the shape of the schema", () => {
    expect(told(metadata(), streams).get("a")).toEqual({
      eventStreamId: "a",
      objectRecordEventsWithQueryIds: [],
      eventWithQueryIdsList: [],
      metadataEvents: [
        { type: "UPDATED", metadataName: "view", recordId: "1", properties: {}, updatedCollectionHash: "h" },
      ],
      queueJobEvents: [],
    });
  });
});

it.each<[string | undefined, readonly string[]]>([
  [undefined, ["a", "b", "f", "k"]],
  ["a", ["a", "f"]],
  ["c", []],
])("[STREAM-12] a background job of %s goes to %j", (userWorkspaceId, ids) => {
  const streams = streamsWith({ a: [USER], b: [OTHER], f: [FOR_USER], k: [API_KEY] });
  const job = { jobId: "1", state: "active", attemptsMade: 1 };
  const told_ = told({ kind: "queueJob", userWorkspaceId, job }, streams);
  expect([...told_.keys()]).toEqual(ids);
  for (const { queueJobEvents } of told_.values()) expect(queueJobEvents).toEqual([job]);
});

describe("a payload that a server made for a stream", () => {
  const streams = streamsWith({ s: [USER] });
  const record = (objectNameSingular: string, id: string) => ({
    ...{ action: "updated", objectNameSingular, recordId: id },
    properties: { after: { id } },
  });
  const payload = {
    objectRecordEventsWithQueryIds: [
      { queryIds: ["q"], objectRecordEvent: record("person", "1") },
      { queryIds: ["q"], objectRecordEvent: record("secret", "2") },
    ],
    eventWithQueryIdsList: [{ queryIds: ["old"], event: record("person", "3") }],
    metadataEvents: [{ type: "created", metadataName: "view", recordId: "4", properties: {} }],
    queueJobEvents: [{ jobId: "5", state: "active", attemptsMade: 0 }],
  };
  const sent = (viewer: Viewer, value: unknown = payload, channel = "EVENT_STREAM_CHANNEL:channel-of-s") =>
    told({ kind: "channel", channel, payload: value }, streams, viewer).get("s");

  it("[STREAM-13] goes to it, without the records that it may not see", () => {
    const viewer: Viewer = {
      ...OPEN_VIEWER,
      see: ({ objectNameSingular }, seen) => (objectNameSingular === "secret" ? undefined : seen),
    };
    const value = sent(viewer);
    expect(value?.objectRecordEventsWithQueryIds.map(({ objectRecordEvent: { recordId } }) => recordId)).toEqual([
      "1",
      "3",
    ]);
    expect(value?.metadataEvents).toMatchObject([{ type: "CREATED", recordId: "4" }]);
    expect(value?.queueJobEvents).toMatchObject([{ jobId: "5" }]);
  });

  it("[STREAM-10] [STREAM-13] has no records for a caller without a user workspace", () => {
    const ofKey = streamsWith({ s: [API_KEY] });
    const value = told({ kind: "channel", channel: "EVENT_STREAM_CHANNEL:channel-of-s", payload }, ofKey).get("s");
    expect([value?.objectRecordEventsWithQueryIds, value?.metadataEvents.length]).toEqual([[], 1]);
  });

  it("[STREAM-13] is for its recipients alone where it names some", () => {
    const channel = "EVENT_STREAM_CHANNEL:channel-of-s";
    const recipientsOf = (rest: object) =>
      streamOccurrences({ kind: "channel", channel, payload, ...rest }, streams)[0]?.recipients;
    expect(recipientsOf({ recipientUserWorkspaceIds: ["a"] })).toEqual(new Set(["a"]));
    expect(recipientsOf({})).toBeUndefined();
  });

  it("[STREAM-13] goes to no other stream, and is nothing when nothing is left of it", () => {
    expect(sent(OPEN_VIEWER, payload, "EVENT_STREAM_CHANNEL:other")).toBeUndefined();
    expect(sent(OPEN_VIEWER, payload, "channel-of-s")).toBeUndefined();
    for (const empty of [null, [], "x", {}, { objectRecordEventsWithQueryIds: [null, { event: 1 }] }]) {
      expect(sent(OPEN_VIEWER, empty)).toBeUndefined();
    }
  });
});
