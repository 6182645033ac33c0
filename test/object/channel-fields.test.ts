import { evictDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const CHAT = "subscription ($threadId: UUID!) { onAgentChatEvent(threadId: $threadId) { threadId event } }";
const APP_LOGS = "subscription { eventLogsLive(table: APPLICATION_LOG) { event } }";
const LOGS = "subscription { logicFunctionLogs(input: {}) { logs } }";

interface Next {
  readonly type: string;
  readonly payload: {
    readonly data: { readonly onAgentChatEvent: { readonly event: { readonly type: string } } };
    readonly extensions?: { readonly position: string };
    readonly position?: { readonly position: string };
  };
}

/** What frames of a chat say: types of events, and where a position was told by ping. */
function story(frames: readonly unknown[]): string[] {
  return (frames as Next[]).map(({ type, payload }) => {
    if (type === "ping") return "live";
    const { data, extensions } = payload;
    return `${data.onAgentChatEvent.event.type}${extensions === undefined ? "" : ", with a position"}`;
  });
}

function newChat() {
  const workspace = newWorkspace();
  const threadId = crypto.randomUUID();
  const userWorkspaceId = crypto.randomUUID();
  const tokenOf = (id: string) => workspace.token({ userWorkspaceId: id });
  return {
    ...workspace,
    stub: workspace.stub,
    member: () => tokenOf(userWorkspaceId),
    stranger: () => tokenOf(crypto.randomUUID()),
    chatFrom: (after?: string) => {
      const resume = after === undefined ? {} : { after };
      return { type: "subscribe", id: "1", payload: { query: CHAT, variables: { threadId }, extensions: { resume } } };
    },
    say: (type: string, overrides: object = {}) =>
      workspace.publish({
        channel: `AGENT_CHAT_CHANNEL:${threadId}`,
        workspaceId: workspace.workspaceId,
        payload: { onAgentChatEvent: { threadId, event: { type } } },
        recipientUserWorkspaceIds: [userWorkspaceId],
        ...overrides,
      }),
  };
}

it("[FEED-2] [CHAT-1] gives a chat to its recipients alone, live, after an eviction and replayed", async () => {
  const { stub, member, stranger, chatFrom, say } = newChat();
  const [mine, theirs] = [await WorkerdSocket.connect(await member()), await WorkerdSocket.connect(await stranger())];
  for (const socket of [mine, theirs]) socket.send(chatFrom());
  const begun = [await mine.drain(), await theirs.drain()];
  expect(begun.map(story)).toEqual([
    ["keepalive", "live"],
    ["keepalive", "live"],
  ]);
  await say("one");
  await evictDurableObject(stub);
  await say("two");
  expect(story(await mine.drain())).toEqual(["one, with a position", "two, with a position"]);
  expect(await theirs.drain()).toEqual([]);

  const from = (begun[0]?.at(1) as Next | undefined)?.payload.position?.position;
  const [back, intruder] = [await WorkerdSocket.connect(await member()), await WorkerdSocket.connect(await stranger())];
  for (const socket of [back, intruder]) socket.send(chatFrom(from));
  await say("three");
  const replayed: unknown[] = [];
  while (replayed.length < 5) replayed.push(await back.next());
  expect(story(replayed).sort()).toEqual([
    "keepalive",
    "live",
    ...["one", "three", "two"].map((type) => `${type}, with a position`),
  ]);
  expect(story([await intruder.next(), await intruder.next(), ...(await intruder.drain())])).toEqual([
    "keepalive",
    "live",
  ]);
});

it("[CHAT-3] begins a resumed chat with a keepalive, before what was missed, and says nothing of it after a wake", async () => {
  const { stub, member, chatFrom, say } = newChat();
  const socket = await WorkerdSocket.connect(await member());
  socket.send(chatFrom());
  const [, live] = (await socket.drain()) as Next[];
  socket.close();
  await say("missed");
  const back = await WorkerdSocket.connect(await member());
  back.send(chatFrom(live?.payload.position?.position));
  expect(story([await back.next(), await back.next(), await back.next()])).toEqual([
    "keepalive",
    "missed, with a position",
    "live",
  ]);
  await evictDurableObject(stub);
  expect(await back.drain()).toEqual([]);
});

it("[FEED-1] passes over payloads that are none of the channel's, live and replayed", async () => {
  const { workspaceId, token, publish, personEvent } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  const subscribe = (id: string, after?: string) =>
    socket.send({ type: "subscribe", id, payload: { query: LOGS, extensions: { resume: after ? { after } : {} } } });
  subscribe("1");
  const [live] = (await socket.drain()) as Next[];
  const logs = (payload: unknown) => ({ channel: "LOGIC_FUNCTION_LOGS_CHANNEL", workspaceId, payload });
  const results = await publish(
    ...[null, "x", [], { logicFunctionLogs: {} }, { logicFunctionLogs: { logs: 1 } }].map(logs),
    personEvent("ada"),
    logs({ logicFunctionLogs: { logs: "hello" } }),
  );
  const last = results.at(-1);
  const position = last !== undefined && "position" in last ? last.position : undefined;
  const hello = { type: "next", payload: { data: { logicFunctionLogs: { logs: "hello" } }, extensions: {} } };
  expect(await socket.drain()).toMatchObject([{ ...hello, id: "1" }]);
  subscribe("2", live?.payload.position?.position);
  expect(await socket.next()).toMatchObject({ ...hello, id: "2" });
  expect(await socket.next()).toMatchObject({ payload: { position: { id: "2", position } } });
});

it("[EVLOG-2] gives each application its own rows of a message, and a user all of them", async () => {
  const { workspaceId, token, publish } = newWorkspace();
  const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
  const sockets = await Promise.all(
    [{ type: "APPLICATION_ACCESS", applicationId: one }, { type: "APPLICATION", applicationId: other }, {}].map(
      async (options) => WorkerdSocket.connect(await token(options)),
    ),
  );
  for (const socket of sockets) socket.send({ type: "subscribe", id: "1", payload: { query: APP_LOGS } });
  await Promise.all(sockets.map((socket) => socket.drain()));
  const rows = [
    { logicFunctionName: "a", applicationId: one },
    { logicFunctionName: "b", applicationId: other },
  ];
  const message = { channel: "WORKSPACE_EVENTS_CHANNEL", workspaceId, payload: { table: "applicationLog", rows } };
  await publish(message, { ...message, payload: { table: "applicationLog", rows: rows.slice(0, 1) } });
  const seen = await Promise.all(sockets.map((socket) => socket.drain()));
  const events = (frames: readonly unknown[]) =>
    (frames as { readonly payload: { readonly data: { readonly eventLogsLive: { readonly event: string }[] } } }[]).map(
      ({ payload }) => payload.data.eventLogsLive.map(({ event }) => event),
    );
  expect(seen.map(events)).toEqual([[["a"], ["a"]], [["b"]], [["a", "b"], ["a"]]]);
});
