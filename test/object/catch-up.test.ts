import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { CatchUp, type CatchUpContext } from "../../durable-objects/catch-up.ts";
import type { Connection } from "../../durable-objects/connection.ts";
import type { RunningOperation } from "../../durable-objects/running-operation.ts";
import type { UnreadBytes } from "../../durable-objects/unread-bytes.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { OPEN_VIEWER } from "../../src/core/permissions/viewer.ts";
import { MemoryReplayLog } from "../../src/core/pubsub/memory-replay-log.ts";
import { retentionFrom } from "../../src/core/pubsub/replay-log.ts";
import type { EventStreams } from "../../src/core/streams/event-streams.ts";
import { changeStoredState, withCursors } from "./support/stored-state.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

interface Surroundings {
  readonly isOverfull?: boolean;
  /** Callers that have not read what they were sent. */
  readonly slow?: string;
  /** Callers whose sockets throw. */
  readonly broken?: string;
  /** Callers whose sockets cannot be closed either. */
  readonly unclosable?: string;
}

const ROWS = 5_000;

/** Gives one page to each of some operations that have more to be replayed. Returns whose turn it was, and how many are left. */
function replaying(
  identities: readonly string[],
  { isOverfull = false, slow = "", broken = "", unclosable = "" }: Surroundings = {},
) {
  const log = new MemoryReplayLog(retentionFrom(DEFAULT_LIMITS));
  for (let i = 0; i < ROWS; i++) {
    log.append({ id: String(i), digest: "", source: "direct", events: 1, body: "{}" }, 0);
  }
  const turns: string[] = [];
  const flushed: string[] = [];
  let reads = 0;
  const context: CatchUpContext = {
    workspaceId: "w",
    limits: DEFAULT_LIMITS,
    streams: {} as EventStreams,
    unread: {
      isOverfull,
      isDrained: ({ identity }: Connection) => !slow.includes(identity),
    } as unknown as UnreadBytes,
    log: () => log,
    read: (row) => {
      reads++;
      return { row, message: { kind: "channel", channel: "x", payload: null } };
    },
    positionAt: String,
    give: () => undefined,
    advance: ({ connection }) => {
      if (broken.includes(connection.identity)) throw new Error("broken");
      turns.push(connection.identity);
    },
    goLive: () => undefined,
    setSlow: () => undefined,
    close: ({ identity }, { code }) => {
      if (unclosable.includes(identity)) throw new Error("unclosable");
      turns.push(`${identity} ${code}`);
    },
  };
  const catchUp = new CatchUp(context);
  const replays = identities.map((identity, i) => {
    const operations = new Map([["1", { resume: { cursor: i } }]]);
    const connection = { identity, closed: false, operations, state: {}, flush: () => flushed.push(identity) };
    const plan = { field: { name: "x", listensTo: ["record"] }, interest: [] };
    return { id: "1", key: String(i), plan, viewer: OPEN_VIEWER, connection } as unknown as RunningOperation;
  });
  for (const operation of replays) catchUp.add(operation);
  catchUp.run(0);
  const waiting = catchUp.size;
  // They would go on for ever otherwise.
  for (const operation of replays) catchUp.delete(operation);
  return { turns, flushed, waiting, reads };
}

it("operations share the rows of a stretch of the log, wherever in it they are, read and parsed once", () => {
  const { reads } = replaying([..."abcd"]);
  expect(reads).toBe(1_000);
});

describe("replays at once", () => {
  it("[LIMIT-26] are two of a caller; its others wait", () => {
    expect(replaying([..."aaab"])).toMatchObject({ turns: ["a", "a", "b"], waiting: 4 });
  });

  it("[LIMIT-27] are eight of a workspace; the others wait", () => {
    expect(replaying([..."abcdefghij"])).toMatchObject({ turns: [..."abcdefgh"], waiting: 10 });
  });

  it("[LIMIT-29] are one while readers leave too much unread together", () => {
    expect(replaying([..."abc"], { isOverfull: true }).turns).toEqual(["a"]);
  });

  it("pass over those who cannot take more, however many stand before the others", () => {
    expect(replaying([..."s".repeat(499), "a", "b"], { slow: "s" }).turns).toEqual(["a"]);
  });

  it("go on when one of them breaks; its socket is closed 1012", () => {
    vi.spyOn(console, "error").mockReturnValueOnce();
    expect(replaying([..."abc"], { broken: "b" }).turns).toEqual(["a", "b 1012", "c"]);
  });

  it("send what they have when one of them cannot even be closed: nothing waits beyond a turn, and no publish fails", () => {
    const error = vi.spyOn(console, "error").mockReturnValue();
    const { turns, flushed } = replaying([..."abc"], { broken: "b", unclosable: "b" });
    expect([turns, flushed]).toEqual([["a"], ["a", "b"]]);
    expect(error).toHaveBeenLastCalledWith({ message: "Catching up failed", workspaceId: "w", error: "unclosable" });
    error.mockRestore();
  });
});

it("[LIMIT-26] those that waited get all they missed", async () => {
  const { token, publish, personEvent } = newWorkspace();
  const [first] = await publish(personEvent("0"), personEvent("1"), personEvent("2"));
  const after = first && "position" in first ? first.position : "";
  const socket = await WorkerdSocket.connect(await token());
  const query = "subscription { onDbEvent(input: {}) { action } }";
  for (let i = 0; i < 6; i++) {
    socket.send({ type: "subscribe", id: String(i), payload: { query, extensions: { resume: { after } } } });
  }
  const frames: unknown[] = [];
  while (frames.length < 18) frames.push(await socket.next());
  expect(frames.filter((frame) => (frame as { type: string }).type === "next")).toHaveLength(12);
});

it("[SLOW-3] one that has drained is not closed for waiting until it is its turn", async () => {
  const workspace = newWorkspace();
  const rows = Array.from({ length: 1_500 }, (_, i) => workspace.personEvent(String(i)));
  while (rows.length > 0) await workspace.publish(...rows.splice(0, 100));
  const token = await workspace.token();
  const sockets = [];
  for (const id of ["1", "2", "3"]) {
    const socket = await WorkerdSocket.connect(token);
    const query = "subscription { onDbEvent(input: {}) { action } }";
    socket.send({ type: "subscribe", id, payload: { query, extensions: { resume: {} } } });
    await socket.next();
    sockets.push(socket);
  }
  await evictDurableObject(workspace.stub);
  await runInDurableObject(workspace.stub, (_, state) => {
    for (const socket of state.getWebSockets()) {
      const drainBy = Date.now() - 1;
      changeStoredState(
        socket,
        (stored) => ({ ...withCursors(stored, () => 0), drainBy }),
        () => undefined,
      );
    }
  });
  await runDurableObjectAlarm(workspace.stub);
  for (const socket of sockets) {
    let frames = 0;
    for (; frames < 1_501; frames++) await socket.next();
    expect(socket.closed).toBeUndefined();
  }
});
