import { createClient } from "graphql-sse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";

const CHAT = "subscription ($threadId: UUID!) { onAgentChatEvent(threadId: $threadId) { threadId event } }";
const keepalive = (threadId: string) => ({ data: { onAgentChatEvent: { threadId, event: { type: "keepalive" } } } });

let gateway: RunningGateway;

afterAll(() => gateway.stop());

function say(workspaceId: string, threadId: string, userWorkspaceId: string) {
  return gateway.publish({
    channel: `AGENT_CHAT_CHANNEL:${workspaceId}:${threadId}`,
    workspaceId,
    payload: { onAgentChatEvent: { threadId, event: { type: "said" } } },
    recipientUserWorkspaceIds: [userWorkspaceId],
  });
}

/** A client of subscriptions-transport-ws that is let in. */
async function legacyClient(token: string) {
  const socket = await RawSocket.open(gateway.wsUrl, { protocols: ["graphql-ws"] });
  socket.send({ type: "connection_init", payload: { authorization: token } });
  expect([await socket.next(), await socket.next()]).toEqual([{ type: "connection_ack" }, { type: "ka" }]);
  return {
    socket,
    start: (id: string, threadId: string) =>
      socket.send({ type: "start", id, payload: { query: CHAT, variables: { threadId } } }),
    dataOf: (id: string, threadId: string) => ({ type: "data", id, payload: keepalive(threadId) }),
  };
}

describe("a chat", () => {
  beforeAll(async () => {
    gateway = await startBareGateway({ KEEP_ALIVE_SECONDS: "1" });
  });

  const newThread = () => [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()] as const;

  it("[SSE-8] [CHAT-3] begins with a keepalive over SSE, which comes again, and nothing else does", async () => {
    const [workspaceId, threadId, userWorkspaceId] = newThread();
    const token = await gateway.token(workspaceId, { userWorkspaceId });
    const client = createClient({ url: `${gateway.url}/metadata`, headers: { Authorization: `Bearer ${token}` } });
    const results = client.iterate({ query: CHAT, variables: { threadId } });
    expect((await results.next()).value).toEqual(keepalive(threadId));
    await say(workspaceId, threadId, userWorkspaceId);
    const said = { data: { onAgentChatEvent: { threadId, event: { type: "said" } } } };
    const heard: unknown[] = [];
    while (!heard.some((result) => JSON.stringify(result) === JSON.stringify(said)))
      heard.push((await results.next()).value);
    expect(heard.slice(0, -1)).toEqual(heard.slice(1).map(() => keepalive(threadId)));
    for (let i = 0; i < 2; i++) expect((await results.next()).value).toEqual(keepalive(threadId));
    await results.return?.();
    client.dispose();
  });

  it("[LEGACY-9] [CHAT-3] begins with a keepalive in the old dialect, which comes again until it is stopped", async () => {
    const [workspaceId, threadId] = newThread();
    const { socket, start, dataOf } = await legacyClient(await gateway.token(workspaceId));
    start("1", threadId);
    for (let count = 0; count < 3; count++) expect(await socket.next()).toEqual(dataOf("1", threadId));
    socket.send({ type: "stop", id: "1" });
    start("2", threadId);
    const heard = [];
    while (heard.length < 3) {
      const frame = await socket.next();
      // What was on its way when it was stopped comes before the first of the other.
      if (heard.length > 0 || frame["id"] === "2") heard.push(frame);
    }
    expect(heard).toEqual([dataOf("2", threadId), dataOf("2", threadId), dataOf("2", threadId)]);
    socket.close();
  });

  it("[CHAT-3] is told nothing again over graphql-transport-ws", async () => {
    const [workspaceId, threadId, userWorkspaceId] = newThread();
    const token = await gateway.token(workspaceId, { userWorkspaceId });
    const socket = await RawSocket.connectRelayed(gateway.wsUrl, token);
    const other = await legacyClient(token);
    other.start("1", threadId);
    socket.subscribe("1", CHAT, { threadId });
    expect(await socket.next()).toMatchObject({ type: "next", payload: keepalive(threadId) });
    // As long as it takes to be repeated to the other.
    for (let count = 0; count < 3; count++) expect(await other.socket.next()).toEqual(other.dataOf("1", threadId));
    expect(await socket.drain()).toEqual([]);
    for (const each of [socket, other.socket]) each.close();
  });
});
