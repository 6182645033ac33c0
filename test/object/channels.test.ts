import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { age } from "./support/age.ts";
import { changeStoredState } from "./support/stored-state.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const THREAD = "7f1b8c1e-93a4-4d5f-8a37-0f1a5d3c2b10";
const USER = "20202020-9e3b-46d4-a556-88b9ddc2b034";
const RESUME = { extensions: { resume: {} } };

type Frame = {
  readonly id?: string;
  readonly type: string;
  readonly payload?: {
    readonly data?: { readonly channel: { readonly channel: string; readonly payload: unknown } };
    readonly extensions?: { readonly position: string };
    readonly position?: { readonly position: string };
    readonly gap?: { readonly position: string };
  };
};

const payloadsIn = (frames: readonly unknown[]) =>
  (frames as readonly Frame[]).flatMap(({ payload }) => (payload?.data ? [payload.data.channel.payload] : []));
const next = (id: string, channel: string, payload: unknown, recipients: readonly string[] | null = null) => ({
  id,
  type: "next",
  payload: { data: { channel: { channel, payload, recipientUserWorkspaceIds: recipients } } },
});
const failure = (id: string, code: string) => ({
  id,
  type: "error",
  payload: [expect.objectContaining({ extensions: { code } })],
});

describe("what a server is sent", () => {
  it("[CHAN-6] is every payload on its channel, those for some users only too", async () => {
    const { workspaceId, publish } = newWorkspace();
    const socket = await WorkerdSocket.connectServer(workspaceId);
    socket.subscribeChannel("1", "notes");
    socket.subscribeChannel("2", `AGENT_CHAT_CHANNEL:${THREAD}`);
    await socket.drain();
    await publish(
      { workspaceId, channel: "notes", payload: { text: "a" } },
      { workspaceId, channel: "others", payload: "not asked for" },
      { workspaceId, channel: `AGENT_CHAT_CHANNEL:${THREAD}`, payload: [1], recipientUserWorkspaceIds: [USER] },
      { workspaceId, channel: "notes", payload: null },
    );
    expect(await socket.drain()).toEqual([
      next("1", "notes", { text: "a" }),
      next("2", `AGENT_CHAT_CHANNEL:${THREAD}`, [1], [USER]),
      next("1", "notes", null),
    ]);
  });

  it("[CHAN-6] is nothing of records, metadata and jobs, whatever it asks for", async () => {
    const { workspaceId, publish, personEvent } = newWorkspace();
    const socket = await WorkerdSocket.connectServer(workspaceId);
    socket.subscribeChannel("1", "*", { pattern: true });
    socket.subscribeChannel("2", "person.updated");
    await socket.drain();
    const onDbEvent = { objectNameSingular: "person", action: "CREATED", record: { id: "1" } };
    const job = { jobId: "1", state: "active", attemptsMade: 0 };
    await publish(
      personEvent("ada"),
      { workspaceId, channel: "DATABASE_EVENT_CHANNEL", payload: { onDbEvent } },
      {
        ...{ workspaceId, name: "metadata.objectMetadata.created", metadataName: "objectMetadata", type: "created" },
        events: [{ recordId: THREAD, properties: { after: { id: THREAD } } }],
      },
      { workspaceId, name: "queueJob.updated", job },
      { workspaceId, channel: "end", payload: 1 },
    );
    expect(await socket.drain()).toEqual([next("1", "end", 1)]);
  });

  it("[CHAN-8] is what fits its pattern, live and replayed", async () => {
    const { workspaceId, publish } = newWorkspace();
    const socket = await WorkerdSocket.connectServer(workspaceId);
    socket.subscribeChannel("1", "no?es:[a-c]*", { pattern: true, ...RESUME });
    const [told] = (await socket.drain()) as Frame[];
    const channels = ["notes:a", "notes:d", "nodes:b:1", "xnotes:a", "notes:", "notes:c"];
    await publish(...channels.map((channel) => ({ workspaceId, channel, payload: channel })));
    const fitting = ["notes:a", "nodes:b:1", "notes:c"];
    expect(payloadsIn(await socket.drain())).toEqual(fitting);
    const resume = { after: told?.payload?.position?.position };
    socket.subscribeChannel("2", "no?es:[a-c]*", { pattern: true, extensions: { resume } });
    expect(payloadsIn(await socket.drain())).toEqual(fitting);
  });

  it("[CHAN-2] is of its own workspace alone", async () => {
    const [one, other] = [newWorkspace(), newWorkspace()];
    const socket = await WorkerdSocket.connectServer(one.workspaceId);
    socket.subscribeChannel("1", "*", { pattern: true });
    await socket.drain();
    await other.publish({ workspaceId: other.workspaceId, channel: "notes", payload: "theirs" });
    await one.publish({ workspaceId: one.workspaceId, channel: "notes", payload: "ours" });
    expect(payloadsIn(await socket.drain())).toEqual(["ours"]);
  });
});

describe("what a server may ask for", () => {
  it("[CHAN-5] is channel, which no client may, and nothing that a client may", async () => {
    const { workspaceId, token } = newWorkspace();
    const client = await WorkerdSocket.connect(await token());
    client.subscribeChannel("1", "notes");
    expect(await client.drain()).toEqual([failure("1", "GRAPHQL_VALIDATION_FAILED")]);
    const server = await WorkerdSocket.connectServer(workspaceId);
    server.subscribe("1");
    const [error] = failure("1", "GRAPHQL_VALIDATION_FAILED").payload;
    expect(await server.drain()).toEqual([{ id: "1", type: "error", payload: expect.arrayContaining([error]) }]);
  });

  it("[CHAN-5] is so after an eviction as well", async () => {
    const { workspaceId, stub, publish, personEvent, token } = newWorkspace();
    const client = await WorkerdSocket.connect(await token());
    client.subscribe("1");
    await client.drain();
    const server = await WorkerdSocket.connectServer(workspaceId);
    server.subscribeChannel("1", "*", { pattern: true });
    await server.drain();
    await evictDurableObject(stub);
    await publish(personEvent("ada"), { workspaceId, channel: "notes", payload: 1 });
    expect((await client.drain()).map((frame) => JSON.stringify(frame).includes("person-ada"))).toEqual([true]);
    expect(await server.drain()).toEqual([next("1", "notes", 1)]);
  });

  it.each([
    ["of another workspace", `AGENT_CHAT_CHANNEL:${USER}:${THREAD}`, false],
    ["of another workspace, as a pattern", `AGENT_CHAT_CHANNEL:${USER}:*`, true],
    ["for records", "DATABASE_EVENT_CHANNEL", false],
    ["that is empty", "", true],
    ["that is too long", "a".repeat(257), false],
    ["that is too long, as a pattern", "*".repeat(257), true],
  ])("[CHAN-7] is no channel %s", async (_, name, pattern) => {
    const socket = await WorkerdSocket.connectServer(newWorkspace().workspaceId);
    socket.subscribeChannel("1", name, { pattern });
    expect(await socket.drain()).toEqual([failure("1", "BAD_USER_INPUT")]);
    socket.subscribeChannel("2", "a".repeat(256), { pattern });
    expect(await socket.drain()).toEqual([]);
  });

  it("[CHAN-7] is a channel with the workspace in second place, too", async () => {
    const { workspaceId, publish } = newWorkspace();
    const socket = await WorkerdSocket.connectServer(workspaceId);
    socket.subscribeChannel("1", `WORKSPACE_EVENTS_CHANNEL:${workspaceId.toUpperCase()}`);
    socket.subscribeChannel("2", `AGENT_CHAT_CHANNEL:${workspaceId}:*`, { pattern: true });
    await socket.drain();
    await publish(
      { workspaceId, channel: `WORKSPACE_EVENTS_CHANNEL:${workspaceId}`, payload: 1 },
      { workspaceId, channel: `AGENT_CHAT_CHANNEL:${THREAD}`, payload: 2, recipientUserWorkspaceIds: [USER] },
    );
    expect(payloadsIn(await socket.drain())).toEqual([1, 2]);
  });
});

describe("a server's socket", () => {
  it("[CHAN-9] resumes over an eviction, and is told a gap", async () => {
    const { workspaceId, stub, publish } = newWorkspace();
    const say = (payload: number) => publish({ workspaceId, channel: "notes", payload });
    const first = await WorkerdSocket.connectServer(workspaceId);
    first.subscribeChannel("1", "notes", RESUME);
    await first.drain();
    await say(1);
    const [seen] = (await first.drain()) as Frame[];
    const after = seen?.payload?.extensions?.position ?? "";
    first.close();
    await say(2);
    await evictDurableObject(stub);
    await say(3);
    const second = await WorkerdSocket.connectServer(workspaceId);
    second.subscribeChannel("1", "notes", { extensions: { resume: { after } } });
    expect(payloadsIn(await second.drain())).toEqual([2, 3]);
    await say(4);
    expect(payloadsIn(await second.drain())).toEqual([4]);
    const foreign = after.replace(/\.[0-9a-z]{12}\./, ".aaaaaaaaaaaa.");
    second.subscribeChannel("2", "notes", { extensions: { resume: { after: foreign } } });
    expect(((await second.drain()) as Frame[]).map(({ payload }) => payload?.gap !== undefined)).toEqual([true]);
  });

  it("[CHAN-9] may take batches", async () => {
    const { workspaceId, publish } = newWorkspace();
    const batching = { "Sec-WebSocket-Protocol": "graphql-transport-ws.batch" };
    const socket = await WorkerdSocket.connectServer(workspaceId, batching);
    socket.subscribeChannel("1", "notes");
    await socket.drain();
    await publish(...[1, 2].map((payload) => ({ workspaceId, channel: "notes", payload })));
    expect(await socket.drain()).toEqual([[next("1", "notes", 1), next("1", "notes", 2)]]);
  });

  it("[CHAN-10] has no expiry", async () => {
    const workspace = newWorkspace();
    const socket = await WorkerdSocket.connectServer(workspace.workspaceId);
    await age(workspace, 100 * 365 * 86_400_000);
    expect(await socket.drain()).toEqual([]);
  });

  it("[CHAN-10] is closed when its secret is no longer in the list, before anything is sent to it", async () => {
    const { workspaceId, stub, publish } = newWorkspace();
    const [kept, taken] = [
      await WorkerdSocket.connectServer(workspaceId),
      await WorkerdSocket.connectServer(workspaceId),
    ];
    for (const socket of [kept, taken]) {
      socket.subscribeChannel("1", "notes");
      await socket.drain();
    }
    await evictDurableObject(stub);
    // As if it had come with another secret, which the settings do not have.
    await runInDurableObject(stub, (_, state) => {
      for (const socket of state.getWebSockets().slice(-1)) {
        changeStoredState(socket, (stored) => {
          const { principal } = stored;
          return principal.kind === "server"
            ? { ...stored, principal: { ...principal, secretTag: "another" } }
            : stored;
        });
      }
    });
    await publish({ workspaceId, channel: "notes", payload: 1 });
    const sockets = [kept, taken];
    const open = await Promise.all(
      sockets.map(async (socket) => {
        await vi.waitFor(() => expect(sockets.some(({ closed }) => closed !== undefined)).toBe(true));
        return socket.closed ?? payloadsIn(await socket.drain());
      }),
    );
    expect(open).toHaveLength(2);
    expect(open).toContainEqual([1]);
    expect(open).toContainEqual({ code: 4403, reason: "Revoked" });
    expect(sockets.flatMap((socket) => (socket.closed ? socket.take() : []))).toEqual([]);
  });

  it("[CHAN-11] stays when all callers are revoked, and is closed when the workspace is erased", async () => {
    const { workspaceId, stub, token } = newWorkspace();
    const server = await WorkerdSocket.connectServer(workspaceId);
    const client = await WorkerdSocket.connect(await token());
    const now = Math.floor(Date.now() / 1000);
    expect(await stub.revoke({ names: ["*"], issuedUntil: now, isUntilNow: true })).toEqual({ closed: 1 });
    expect(await client.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
    expect(await server.drain()).toEqual([]);
    const late = await WorkerdSocket.connectServer(workspaceId);
    expect(await stub.erase()).toEqual({ closed: 2 });
    expect(await server.untilClosed()).toEqual({ code: 4403, reason: "Workspace erased" });
    expect(await late.untilClosed()).toEqual({ code: 4403, reason: "Workspace erased" });
    const again = await WorkerdSocket.connectServer(workspaceId);
    expect(await again.drain()).toEqual([]);
  });

  it("[CHAN-12] may keep more than one caller could", async () => {
    const { workspaceId, token, stub } = newWorkspace();
    const outcomes: unknown[] = [];
    for (const [socket, query] of [
      [await WorkerdSocket.connectServer(workspaceId), 'subscription { channel(name: "notes") { payload } }'],
      [await WorkerdSocket.connect(await token()), "subscription { onDbEvent(input: {}) { action } }"],
    ] as const) {
      // A comment is no token, but it is kept.
      const payload = { query: `${query} #${"x".repeat(90 * 1024)}` };
      for (let id = 1; id <= 11; id++) socket.send({ type: "subscribe", id: `${id}`, payload });
      outcomes.push(await socket.drain());
    }
    expect(outcomes).toEqual([[], [failure("11", "TOO_MANY_OPERATIONS")]]);
    expect(await stub.inspect()).toMatchObject({ operationsByField: { channel: 11, onDbEvent: 10 } });
  });

  it("[CHAN-3] takes no token of a client in the place of its secret", async () => {
    const { workspaceId, token } = newWorkspace();
    const socket = await WorkerdSocket.connectServer(workspaceId);
    socket.send({ type: "ping", payload: { accessToken: await token() } });
    expect(await socket.untilClosed()).toEqual({ code: 4403, reason: "The new token is of another caller" });
  });
});
