import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

/** One step of a conversation: does something, and is followed by an eviction or not. */
type Step = (context: {
  socket: WorkerdSocket;
  other: WorkerdSocket;
  workspace: ReturnType<typeof newWorkspace>;
}) => unknown;

const LARGE = "x".repeat(6_000);

const CONVERSATION: readonly Step[] = [
  ({ socket }) => socket.send({ type: "ping", payload: { n: 1 } }),
  ({ socket }) => socket.subscribe("all"),
  ({ socket }) => socket.subscribe("__proto__", { recordId: "person-ada" }),
  ({ socket }) => socket.subscribe("large-1", { recordId: "person-ada", objectNameSingular: `person${LARGE}` }),
  ({ socket }) => socket.subscribe("large-2", { recordId: LARGE }),
  ({ socket }) => socket.subscribe("large-3", { recordId: `${LARGE}é漢` }),
  ({ other }) => other.subscribe("all", { action: "UPDATED" }),
  ({ workspace }) => workspace.publish(workspace.personEvent("ada"), workspace.personEvent("grace")),
  ({ socket }) => socket.send({ type: "subscribe", id: "bad", payload: { query: "subscription { nothing }" } }),
  ({ socket }) => socket.send({ type: "subscribe", id: "syntax", payload: { query: "subscription {" } }),
  ({ socket }) =>
    socket.send({ type: "subscribe", id: "variables", payload: { query: ON_DB_EVENT, variables: { input: 7 } } }),
  ({ socket }) => socket.send({ type: "subscribe", id: "query", payload: { query: "{ __typename }" } }),
  ({ workspace }) =>
    workspace.publish({
      ...workspace.personEvent("x"),
      events: [{ recordId: "x", properties: { after: { id: LARGE } } }],
    }),
  ({ socket }) => socket.send({ type: "complete", id: "all" }),
  ({ socket }) => socket.send({ type: "complete", id: "large-2" }),
  ({ workspace }) => workspace.publish(workspace.personEvent("ada")),
  ({ socket }) => socket.subscribe("all", { objectNameSingular: "person" }),
  ({ workspace }) =>
    workspace.publish(workspace.personEvent("ada"), workspace.personEvent("alan", { name: "person.created" })),
  ({ socket }) => socket.subscribe("all"),
];

async function transcript(evictsBetween: boolean): Promise<unknown> {
  const workspace = newWorkspace();
  const [socket, other] = [
    // Until `connection_init` has come, a timer keeps the object from being evicted.
    await WorkerdSocket.connect(await workspace.token()),
    await WorkerdSocket.connect(await workspace.token()),
  ];
  const frames: unknown[] = [];
  for (const step of CONVERSATION) {
    if (evictsBetween) await evictDurableObject(workspace.stub);
    await step({ socket, other, workspace });
    // Asking the object anything brings back what it sent before.
    await workspace.stub.inspect();
    frames.push([socket.take(), other.take()]);
  }
  const close = await socket.untilClosed();
  return { frames, close, otherClosed: other.closed };
}

describe("eviction", () => {
  it("between every two frames changes nothing in a conversation", async () => {
    const never = await transcript(false);
    expect(await transcript(true)).toEqual(never);
    expect(never).toMatchObject({ close: { code: 4409 }, otherClosed: undefined });
    expect(JSON.stringify(never)).toContain("GRAPHQL_PARSE_FAILED");
  });

  it("keeps operations that outgrow the attachment, and forgets them with the socket", async () => {
    const { stub, token, publish, personEvent } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    for (let i = 0; i < 8; i++) socket.subscribe(`op-${i}`, { recordId: `${i}${LARGE}` });
    socket.subscribe("small", { recordId: "person-ada" });
    await socket.drain();
    expect(await storedOperations(stub)).toBeGreaterThan(4);

    await evictDurableObject(stub);
    const events = Array.from({ length: 8 }, (_, i) => ({
      recordId: "x",
      properties: { after: { id: `${i}${LARGE}` } },
    }));
    await publish({ ...personEvent("all"), events }, personEvent("ada"));
    const ids = (await socket.drain()).map((frame) => (frame as { id: string }).id);
    expect(ids).toEqual(["op-0", "op-1", "op-2", "op-3", "op-4", "op-5", "op-6", "op-7", "small"]);

    socket.close();
    await socket.untilClosed();
    expect(await storedOperations(stub)).toBe(0);
  });
});

async function storedOperations(stub: ReturnType<typeof newWorkspace>["stub"]): Promise<number> {
  return runInDurableObject(stub, (_, { storage }) => storage.sql.exec("SELECT * FROM operations").toArray().length);
}
