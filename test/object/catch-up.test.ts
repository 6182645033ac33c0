import { describe, expect, it } from "vitest";
import { CatchUp, type CatchUpContext } from "../../durable-objects/catch-up.ts";
import type { Connection } from "../../durable-objects/connection.ts";
import type { RunningOperation } from "../../durable-objects/running-operation.ts";
import type { UnreadBytes } from "../../durable-objects/unread-bytes.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { MemoryReplayLog } from "../../src/core/pubsub/memory-replay-log.ts";
import { retentionFrom } from "../../src/core/pubsub/replay-log.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

/** Gives one page to each of some operations that have more to be replayed. Returns whose turn it was, and how many are left. */
function replaying(...identities: readonly string[]) {
  const log = new MemoryReplayLog(retentionFrom(DEFAULT_LIMITS));
  for (let i = 0; i < 1000; i++) {
    log.append({ id: String(i), digest: "", source: "direct", events: 1, body: "{}" }, 0);
  }
  const turns: string[] = [];
  const context: CatchUpContext = {
    limits: DEFAULT_LIMITS,
    unread: { isDrained: () => true } as unknown as UnreadBytes,
    log: () => log,
    read: (row) => ({ row, message: { kind: "channel", channel: "x", payload: null } }),
    positionAt: String,
    delivers: () => true,
    give: () => undefined,
    advance: ({ connection }) => turns.push(connection.identity),
    goLive: () => undefined,
    setSlow: () => undefined,
  };
  const catchUp = new CatchUp(context);
  const replays = identities.map((identity, i) => {
    const operations = new Map([["1", { resume: { cursor: 0 } }]]);
    const connection = { identity, closed: false, operations, state: {}, flush: () => undefined };
    const plan = { field: { listensTo: "record" } };
    return { id: "1", key: String(i), plan, connection: connection as unknown as Connection } as RunningOperation;
  });
  for (const operation of replays) catchUp.add(operation);
  catchUp.run(0);
  const waiting = catchUp.size;
  // They would go on for ever otherwise.
  for (const operation of replays) catchUp.delete(operation);
  return { turns, waiting };
}

describe("replays at once", () => {
  it("[LIMIT-26] are two of a caller; its others wait", () => {
    expect(replaying("a", "a", "a", "b")).toEqual({ turns: ["a", "a", "b"], waiting: 4 });
  });

  it("[LIMIT-27] are eight of a workspace; the others wait", () => {
    expect(replaying(..."abcdefghij")).toEqual({ turns: [..."abcdefgh"], waiting: 10 });
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
