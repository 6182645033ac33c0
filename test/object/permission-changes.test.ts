import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { WorkspacePubSub } from "../../durable-objects/workspace-pubsub.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { SubscriptionGroups } from "../../src/core/operation/subscription-groups.ts";
import { parseMembersPatch, parseSnapshot } from "../../src/core/permissions/parse-snapshot.ts";
import type { StreamPage } from "../../src/core/streams/stream-page.ts";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const [ADA, BEN, CY] = ["a", "b", "c"].map((digit) => `00000000-0000-4000-8000-00000000000${digit}`) as [
  string,
  string,
  string,
];
const ALL = { objects: { "*": { canRead: true } }, permissionFlags: ["SECURITY"] };
const NO_NAME = { objects: { "*": { canRead: true, restrictedFields: ["name"] } } };
const LOGS = "subscription { eventLogsLive(table: WORKSPACE_EVENT) { event } }";
const STREAM = `subscription { onEventSubscription(eventStreamId: "s") {
  objectRecordEventsWithQueryIds { queryIds objectRecordEvent { properties { before after diff updatedFields } } }
} }`;

afterEach(() => void vi.restoreAllMocks());

function newTeam() {
  const workspace = newWorkspace();
  const put = (version: number, roles: object, members: object) =>
    workspace.stub.putPermissions(parseSnapshot({ version, roles, members }, DEFAULT_LIMITS));
  return {
    ...workspace,
    get stub() {
      return workspace.stub;
    },
    put,
    patch: (version: number, members: object) =>
      workspace.stub.patchMembers(parseMembersPatch({ version, members }, DEFAULT_LIMITS)),
    connect: async (userWorkspaceId: string) => WorkerdSocket.connect(await workspace.token({ userWorkspaceId })),
  };
}

/** What came since: names of records (`-` for a record without one), types of other frames. */
async function told(socket: WorkerdSocket): Promise<string[]> {
  type Frame = { type: string; payload?: { data?: { onDbEvent?: { record: { name?: string } } } } };
  return ((await socket.drain()) as Frame[]).map(({ type, payload }) => {
    const event = payload?.data?.onDbEvent;
    return event === undefined ? type : (event.record.name ?? "-");
  });
}

it("[PERM-7] users of one role share one group, users of others have their own", async () => {
  const { put, connect, publish, personEvent } = newTeam();
  const open = vi.spyOn(SubscriptionGroups.prototype, "open");
  await put(1, { all: ALL, noName: NO_NAME }, { [ADA]: "all", [BEN]: ["all", "all"], [CY]: "noName" });
  const sockets = [await connect(ADA), await connect(BEN), await connect(CY)];
  for (const socket of sockets) {
    socket.subscribe("1");
    await socket.drain();
  }
  const [ofAda, ofBen, ofCy] = open.mock.results.map(({ value }) => value as unknown);
  expect([ofAda === ofBen, ofAda === ofCy]).toEqual([true, false]);
  const update = { properties: { updatedFields: ["name", "city"], after: { id: "1", name: "ada", city: "Lyon" } } };
  await publish(personEvent("ada", { events: [update] }));
  expect(await Promise.all(sockets.map(told))).toEqual([["ada"], ["ada"], ["-"]]);
});

describe("a snapshot", () => {
  it("[PERM-14] holds for what is live from its answer on, and a patch for its members", async () => {
    const { put, patch, connect, publish, personEvent } = newTeam();
    const [ada, ben] = [await connect(ADA), await connect(BEN)];
    for (const socket of [ada, ben]) socket.subscribe("1");
    const both = async () => [await told(ada), await told(ben)];
    await both();
    await publish(personEvent("open"));
    expect(await both()).toEqual([["open"], ["open"]]);
    await put(1, { all: ALL, none: { objects: {} } }, { [ADA]: "all", [BEN]: "none" });
    await publish(personEvent("one"));
    expect(await both()).toEqual([["one"], []]);
    await patch(2, { [ADA]: null, [BEN]: "all" });
    await publish(personEvent("two"));
    expect(await both()).toEqual([[], ["two"]]);
    await put(3, { all: ALL }, { [ADA]: "all" });
    await publish(personEvent("three"));
    expect(await both()).toEqual([["three"], []]);
  });

  it("[PERM-14] holds for what catches up, whenever it was written", async () => {
    const { stub, put, connect, publish, personEvent } = newTeam();
    await put(1, { all: ALL, none: { objects: {} } }, { [ADA]: "all" });
    const [start] = await publish(personEvent("before"));
    const long = "x".repeat(20_000);
    const missed = Array.from({ length: 40 }, (_, i) => `${i} ${long}`);
    for (const name of missed) {
      await publish(
        personEvent("long", { events: [{ recordId: "long", properties: { after: { id: "long", name } } }] }),
      );
    }
    const socket = await connect(ADA);
    const after = start !== undefined && "position" in start ? start.position : "";
    const payload = { query: ON_DB_EVENT, variables: { input: {} }, extensions: { resume: { after } } };
    await runInDurableObject(stub, async (instance: WorkspacePubSub, state) => {
      const [server] = state.getWebSockets() as [WebSocket];
      // In one turn: the first page has gone out when the snapshot comes, which is as large as a frame may be.
      instance.webSocketMessage(server, JSON.stringify({ type: "subscribe", id: "1", payload }));
      const snapshot = { version: 2, roles: { none: { objects: {} } }, members: { [ADA]: "none" } };
      await instance.putPermissions(parseSnapshot(snapshot, DEFAULT_LIMITS));
    });
    const frames: string[] = [];
    // Each publish moves the replay on by a page.
    for (let turn = 0; turn < 3; turn++) {
      await publish(personEvent("after"));
      frames.push(...(await told(socket)));
    }
    const page = frames.indexOf("ping");
    expect(frames).toEqual([...missed.slice(0, page), "ping"]);
    expect(page).toBeGreaterThan(0);
    expect(page).toBeLessThan(missed.length / 2);
  });

  it("[PERM-14] [PERM-3] [PERM-6] holds for event streams and their queries, live and replayed", async () => {
    const { stub, put, connect, publish, personEvent } = newTeam();
    const filtered = { all: ALL, ofAda: { objects: { "*": { canRead: true, rowFilter: { owner: { eq: "ada" } } } } } };
    await put(1, { ...filtered, noName: NO_NAME }, { [ADA]: "all" });
    const [start] = await publish(personEvent("before"));
    const resume = { after: start !== undefined && "position" in start ? start.position : "" };
    const socket = await connect(ADA);
    const subscribe = (id: string, from: object) =>
      socket.send({ type: "subscribe", id, payload: { query: STREAM, extensions: { resume: from } } });
    subscribe("1", {});
    const add = "mutation ($input: AddQuerySubscriptionInput!) { addQueryToEventStream(input: $input) }";
    const queries = {
      any: {},
      name: { name: { eq: "x" } },
      notName: { not: { name: { eq: "x" } } },
      ben: { owner: { eq: "ben" } },
    };
    for (const [queryId, filter] of Object.entries(queries)) {
      const operationSignature = { objectNameSingular: "person", variables: { filter } };
      const variables = { input: { eventStreamId: "s", queryId, operationSignature } };
      socket.send({ type: "subscribe", id: queryId, payload: { query: add, variables } });
    }
    await socket.drain();
    type Event = { queryIds: string[]; objectRecordEvent: { properties: Record<string, unknown> } };
    type Frame = { payload?: { data?: { onEventSubscription?: { objectRecordEventsWithQueryIds: Event[] } } } };
    const events = async () =>
      ((await socket.drain()) as Frame[])
        .flatMap(({ payload }) => payload?.data?.onEventSubscription?.objectRecordEventsWithQueryIds ?? [])
        .map(({ queryIds, objectRecordEvent: { properties } }) => [
          queryIds.sort().join(),
          Object.keys(properties)
            .filter((key) => properties[key] != null)
            .sort()
            .join(),
        ]);
    const [before, after] = [
      { id: "1", name: "x", owner: "ben" },
      { id: "1", name: "y", owner: "ada" },
    ];
    const properties = { before, after, diff: {}, updatedFields: ["name", "owner"] };
    const update = () => publish(personEvent("x", { events: [{ recordId: "1", properties }] }));
    const whole = "after,before,diff,updatedFields";

    await update();
    expect(await events()).toEqual([["any,ben,name,notName", whole]]);
    await put(2, { ...filtered, noName: NO_NAME }, { [ADA]: "noName" });
    await update();
    expect(await events()).toEqual([["any,ben", whole]]);
    await put(3, filtered, { [ADA]: "ofAda" });
    await update();
    expect(await events()).toEqual([["any,notName", "after,updatedFields"]]);

    await evictDurableObject(stub);
    subscribe("2", resume);
    expect(await events()).toEqual(Array(3).fill(["any,notName", "after,updatedFields"]));
  });

  it("[PERM-19] outlives evictions, and goes when the workspace is erased", async () => {
    const { stub, put, patch, connect, publish, personEvent } = newTeam();
    await put(1, { none: { objects: {} }, all: ALL }, { [ADA]: "none" });
    const socket = await connect(ADA);
    socket.subscribe("1");
    await socket.drain();
    await evictDurableObject(stub);
    await publish(personEvent("hidden"));
    expect(await told(socket)).toEqual([]);
    await patch(2, { [ADA]: "all" });
    await evictDurableObject(stub);
    await publish(personEvent("shown"));
    expect([await told(socket), (await stub.inspect()).snapshotVersion]).toEqual([["shown"], 2]);
    await stub.erase();
    expect((await stub.inspect()).snapshotVersion).toBeUndefined();
    expect(await put(1, {}, {})).toEqual({ taken: true, version: 1 });
  });

  it("[PERM-15] ends what needs a flag that is taken, and nothing else", async () => {
    const { put, patch, connect, publish, personEvent } = newTeam();
    await put(1, { all: ALL, noFlag: { objects: { "*": { canRead: true } } } }, { [ADA]: "all", [BEN]: "all" });
    const [ada, ben] = [await connect(ADA), await connect(BEN)];
    for (const socket of [ada, ben]) {
      socket.send({ type: "subscribe", id: "logs", payload: { query: LOGS } });
      socket.subscribe("1");
      expect(await socket.drain()).toEqual([]);
    }
    await patch(2, { [ADA]: "noFlag" });
    expect(await ada.drain()).toMatchObject([
      { type: "error", id: "logs", payload: [{ extensions: { code: "FORBIDDEN" } }] },
    ]);
    expect(await ben.drain()).toEqual([]);
    await publish(personEvent("ada"));
    expect([await told(ada), await told(ben)]).toEqual([["ada"], ["ada"]]);
    // The id is free again, and the field as closed as before.
    ada.send({ type: "subscribe", id: "logs", payload: { query: LOGS } });
    expect(await told(ada)).toEqual(["error"]);
  });

  it("[PERM-3] [PERM-18] holds for records in the payloads of channels", async () => {
    const { put, connect, publish, workspaceId } = newTeam();
    await put(1, { noName: NO_NAME }, { [ADA]: "noName" });
    const socket = await connect(ADA);
    socket.send({ type: "subscribe", id: "1", payload: { query: STREAM } });
    socket.subscribe("2");
    await socket.drain();
    // A filter is any JSON, which the types of RPC have no word for.
    const { streams } = (await exports.Admin.listStreams(workspaceId)) as unknown as StreamPage;
    const after = { id: "1", name: "secret", companyId: "c", company: { id: "c", name: "secret" } };
    const event = { action: "created", objectNameSingular: "person", recordId: "1", properties: { after } };
    await publish(
      {
        channel: `EVENT_STREAM_CHANNEL:${streams[0]?.channelId}`,
        workspaceId,
        payload: { objectRecordEventsWithQueryIds: [{ queryIds: ["q"], objectRecordEvent: event }] },
      },
      {
        channel: "DATABASE_EVENT_CHANNEL",
        workspaceId,
        payload: { onDbEvent: { action: "created", objectNameSingular: "person", record: after } },
      },
    );
    const text = JSON.stringify(await socket.drain());
    expect(text).not.toContain("secret");
    expect(text.match(/"company":\{"id":"c"\}/g)?.length).toBe(2);
  });
});

it("[PERM-14] a snapshot holds for everybody, also where storage does not let go of what it forbids one of them", async () => {
  const { put, connect, publish, personEvent, stub } = newTeam();
  await put(1, { all: ALL }, { [ADA]: "all", [BEN]: "all" });
  const [ada, ben] = [await connect(ADA), await connect(BEN)];
  // More than an attachment holds: some of them are in storage.
  for (const id of ["1", "2", "3"]) ada.subscribe(id, {}, `${LOGS} # ${id.repeat(7_000)}`);
  await ada.drain();
  ben.subscribe("1");
  await ben.drain();
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    sql.exec("CREATE TRIGGER no_delete BEFORE DELETE ON operations BEGIN SELECT RAISE(ABORT, 'full'); END");
  });
  expect(await put(2, { noName: NO_NAME }, { [ADA]: "noName", [BEN]: "noName" })).toMatchObject({ taken: true });
  await publish(personEvent("ben"));
  expect(await told(ben)).not.toContain("ben");
  expect(await ada.untilClosed()).toMatchObject({ code: 1012 });
});
