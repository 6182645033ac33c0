import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { changeStoredState, withCursors } from "./support/stored-state.ts";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

type Frame = {
  readonly id?: string;
  readonly type: string;
  readonly payload?: {
    readonly position?: { readonly id: string; readonly position: string };
    readonly gap?: { readonly id: string; readonly position: string };
    readonly data?: { readonly onDbEvent: { readonly record: { readonly name: string } } };
    readonly extensions?: { readonly position: string };
  };
};

const resumeFrom = (id: string, after?: string, input: object = {}) => ({
  type: "subscribe",
  id,
  payload: { query: ON_DB_EVENT, variables: { input }, extensions: { resume: after === undefined ? {} : { after } } },
});

const offsetOf = (position: string | undefined) => Number(position?.split(".")[2]);

/** What frames say, in a line each: names of records with their offsets, and where a position or a gap was told. */
function story(frames: readonly unknown[]): string[] {
  return (frames as Frame[]).map(({ type, payload }) => {
    if (payload?.position) return `live at ${offsetOf(payload.position.position)}`;
    if (payload?.gap) return `gap to ${offsetOf(payload.gap.position)}`;
    if (type === "next") return `${payload?.data?.onDbEvent.record.name} at ${offsetOf(payload?.extensions?.position)}`;
    return type;
  });
}

async function nextStory(socket: WorkerdSocket, count: number): Promise<string[]> {
  const frames: unknown[] = [];
  while (frames.length < count) frames.push(await socket.next());
  return story(frames);
}

describe("resume", () => {
  it("[RESUME-1] tells a position when an operation is live, and in every next", async () => {
    const { token, publish, personEvent } = newWorkspace();
    await publish(personEvent("before"));
    const socket = await WorkerdSocket.connect(await token());
    socket.send(resumeFrom("1"));
    await publish(personEvent("ada"), personEvent("grace"));
    expect(await nextStory(socket, 3)).toEqual(["live at 1", "ada at 2", "grace at 3"]);
  });

  it("[RESUME-2] tells nothing to a client that did not ask", async () => {
    const { token, publish, personEvent } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    socket.subscribe("1");
    await publish(personEvent("ada"));
    expect(JSON.stringify(await socket.drain())).not.toContain("position");
  });

  it("[RESUME-3] replays what was missed after a position, then goes live", async () => {
    const { token, publish, personEvent } = newWorkspace();
    const results = await publish(...["a", "b", "c", "d"].map((name) => personEvent(name)));
    const [, second] = results;
    const socket = await WorkerdSocket.connect(await token());
    socket.send(resumeFrom("1", second && "position" in second ? second.position : ""));
    await socket.drain().then((frames) => expect(story(frames)).toEqual(["c at 3", "d at 4", "live at 4"]));
    await publish(personEvent("e"));
    expect(await nextStory(socket, 1)).toEqual(["e at 5"]);
  });

  it("[RESUME-3] replays from the middle of a message", async () => {
    const { workspaceId, token, publish } = newWorkspace();
    const events = ["a", "b", "c"].map((name) => ({ recordId: name, properties: { after: { id: name, name } } }));
    const [result] = await publish({ name: "person.created", workspaceId, events });
    const middle = result && "position" in result ? result.position.replace(/3$/, "1") : "";
    const socket = await WorkerdSocket.connect(await token());
    socket.send(resumeFrom("1", middle));
    expect(await nextStory(socket, 3)).toEqual(["b at 2", "c at 3", "live at 3"]);
  });

  it("[RESUME-4] pages through thousands of missed events while publishing goes on, and loses and repeats none", async () => {
    const { stub, token, publish, personEvent } = newWorkspace();
    const [first] = await publish(personEvent("0"));
    for (let page = 0; page < 12; page++)
      await publish(...Array.from({ length: 100 }, (_, i) => personEvent(String(page * 100 + i + 1))));
    const sockets = await Promise.all([1, 2, 3].map(async () => WorkerdSocket.connect(await token())));
    for (const socket of sockets) socket.send(resumeFrom("1", first && "position" in first ? first.position : ""));
    for (let i = 1201; i <= 1220; i++) await publish(personEvent(String(i)));
    for (const socket of sockets) {
      const told = await nextStory(socket, 1221);
      const events = told.filter((line) => !line.startsWith("live"));
      expect(events).toEqual(Array.from({ length: 1220 }, (_, i) => `${i + 1} at ${i + 2}`));
    }
    expect(await stub.inspect()).toMatchObject({ operations: 3 });
  });

  it("[RESUME-5] goes on with a replay that an eviction interrupted", async () => {
    const { stub, token, publish, personEvent } = newWorkspace();
    const [first] = await publish(personEvent("0"));
    const socket = await WorkerdSocket.connect(await token());
    socket.send(resumeFrom("1", first && "position" in first ? first.position : ""));
    await socket.drain();
    await evictDurableObject(stub);
    // As if the eviction had come before the first page.
    await runInDurableObject(stub, async (_, state) => {
      for (const server of state.getWebSockets()) {
        changeStoredState(
          server,
          (stored) => withCursors(stored, () => 0),
          () => undefined,
        );
      }
    });
    await evictDurableObject(stub);
    await publish(personEvent("1"));
    // All of it, and nothing after it: the publish that wakes the object must not send its own event twice.
    expect(story(await socket.drain())).toEqual(["0 at 1", "live at 1", "1 at 2"]);
  });

  it("[GAP-1] tells a gap once when the position is of another epoch or ahead of the log, then goes live", async () => {
    const { token, publish, personEvent } = newWorkspace();
    const [result] = await publish(personEvent("a"), personEvent("b"));
    const position = result && "position" in result ? result.position : "";
    const [workspace, epoch] = position.split(".");
    const socket = await WorkerdSocket.connect(await token());
    socket.send(resumeFrom("epoch", `${workspace}.${"0".repeat(12)}.1`));
    socket.send(resumeFrom("ahead", `${workspace}.${epoch}.3`));
    expect(story(await socket.drain())).toEqual(["gap to 2", "gap to 2"]);
    await publish(personEvent("c"));
    expect(story(await socket.drain())).toEqual(["c at 3", "c at 3"]);
  });

  it("[GAP-2] tells a gap when the log no longer reaches back, and replays nothing of it", async () => {
    const { stub, token, publish, personEvent } = newWorkspace();
    const [first] = await publish(personEvent("a"), personEvent("b"), personEvent("c"));
    await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("UPDATE log SET body = NULL WHERE last_offset <= 2"),
    );
    await evictDurableObject(stub);
    const socket = await WorkerdSocket.connect(await token());
    const position = first && "position" in first ? first.position : "";
    socket.send(resumeFrom("1", position));
    expect(story(await socket.drain())).toEqual(["gap to 3"]);
    socket.send(resumeFrom("2", position.replace(/1$/, "2")));
    expect(story(await socket.drain())).toEqual(["c at 3", "live at 3"]);
  });

  it("[BAD-POSITION] ends the operation with BAD_POSITION for a malformed position, or one of another workspace", async () => {
    const [mine, other] = [newWorkspace(), newWorkspace()];
    const [foreign] = await other.publish(other.personEvent("a"));
    const socket = await WorkerdSocket.connect(await mine.token());
    const bad = ["", "x", "00000000.aaaaaaaaaaaa.1", foreign && "position" in foreign ? foreign.position : ""];
    for (const [i, after] of bad.entries()) socket.send(resumeFrom(String(i), after));
    socket.send({
      type: "subscribe",
      id: "n",
      payload: { query: ON_DB_EVENT, variables: { input: {} }, extensions: { resume: 7 } },
    });
    const frames = (await socket.drain()) as { payload: { extensions: { code: string } }[] }[];
    expect(frames.map(({ payload }) => payload[0]?.extensions.code)).toEqual(Array(5).fill("BAD_POSITION"));
    socket.subscribe("fine");
    expect(await socket.drain()).toEqual([]);
  });

  it("[RESUME-6] is ignored on queries", async () => {
    const { token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    socket.send({
      type: "subscribe",
      id: "1",
      payload: { query: "{ __typename }", extensions: { resume: { after: "?" } } },
    });
    expect(await socket.drain()).toEqual([
      { id: "1", type: "next", payload: { data: { __typename: "Query" } } },
      { id: "1", type: "complete" },
    ]);
  });

  it("[RESUME-7] skips a row that cannot be delivered", async () => {
    const { stub, token, publish, personEvent } = newWorkspace();
    const [first] = await publish(personEvent("a"), personEvent("b"), personEvent("c"));
    await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("UPDATE log SET body = '{' WHERE last_offset = 2"),
    );
    const socket = await WorkerdSocket.connect(await token());
    socket.send(resumeFrom("1", first && "position" in first ? first.position : ""));
    expect(story(await socket.drain())).toEqual(["c at 3", "live at 3"]);
  });
});

describe("batch frames", () => {
  it("[BATCH-1] puts all that one publish call or replay page gives a socket into one frame", async () => {
    const { token, publish, personEvent } = newWorkspace();
    const socket = await WorkerdSocket.open(await token(), {
      "Sec-WebSocket-Protocol": "graphql-transport-ws, graphql-transport-ws.batch",
    });
    socket.send({ type: "connection_init" });
    expect(await socket.next()).toEqual({ type: "connection_ack" });
    socket.send(resumeFrom("1"));
    socket.subscribe("2");
    await socket.drain();
    const [a] = await publish(personEvent("a"), personEvent("b"));
    const batch = (await socket.next()) as Frame[];
    expect(batch.map(({ id }) => id)).toEqual(["1", "2", "1", "2"]);
    socket.send(resumeFrom("3", a && "position" in a ? a.position.replace(/1$/, "0") : ""));
    const [replayed, live] = [await socket.next(), await socket.next()];
    expect(story(replayed as Frame[])).toEqual(["a at 1", "b at 2"]);
    expect(story([live])).toEqual(["live at 2"]);
  });

  it("[BATCH-2] sends no frame over 256 KiB unless one message alone is larger", async () => {
    const { token, publish, personEvent } = newWorkspace();
    const socket = await WorkerdSocket.open(await token(), { "Sec-WebSocket-Protocol": "graphql-transport-ws.batch" });
    socket.send({ type: "connection_init" });
    await socket.next();
    socket.subscribe("1");
    await socket.drain();
    // Three bytes a character, so that characters and bytes differ.
    const large = (characters: number) => {
      const record = { id: "x", name: "漢".repeat(characters) };
      return { ...personEvent("x"), events: [{ recordId: "x", properties: { after: record } }] };
    };
    await publish(large(40_000), large(40_000), large(90_000), personEvent("a"), personEvent("b"));
    const frames: unknown[] = [await socket.next(), await socket.next(), await socket.next()];
    expect(frames.map((frame) => (Array.isArray(frame) ? frame.length : "single"))).toEqual([2, "single", 2]);
  });
});
