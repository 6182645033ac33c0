import { expect, it, vi } from "vitest";
import { Connection } from "../../durable-objects/connection.ts";
import type { Connections } from "../../durable-objects/connections.ts";
import type { RunningOperation } from "../../durable-objects/running-operation.ts";
import { SlowReaders } from "../../durable-objects/slow-readers.ts";
import type { UnreadBytes } from "../../durable-objects/unread-bytes.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import type { Principal } from "../../src/core/principal.ts";
import { readySession, type StoredOperation } from "../../src/core/protocol/session.ts";
import { SharedFrames } from "../../src/core/protocol/shared-frames.ts";

const RESUMES: StoredOperation = { document: "{a}", variables: "{}", order: 1, resume: {} };

/** A connection with these operations, live unless they have a cursor. */
function open(operations: Record<string, StoredOperation>) {
  const session = { ...readySession(), operations: new Map(Object.entries(operations)) };
  const state = { id: "x", principal: {} as Principal, session, seenAt: 0, batches: false, warned: false };
  const connection = new Connection({} as WebSocket, state, new Map(), new SharedFrames());
  for (const [id, { resume }] of Object.entries(operations)) {
    const live = resume?.cursor === undefined && { group: {} };
    connection.running.set(id, { id, connection, ...live } as unknown as RunningOperation);
  }
  const toCatchUp = vi.fn();
  const close = vi.fn();
  const readers = new SlowReaders({
    limits: DEFAULT_LIMITS,
    connections: { save: () => undefined } as unknown as Connections,
    unread: { isTooSlow: () => false } as unknown as UnreadBytes,
    schedule: () => undefined,
    toCatchUp,
    close,
  });
  return { connection, readers, toCatchUp, close };
}

const cursorsOf = ({ operations }: Connection) => [...operations.values()].map(({ resume }) => resume?.cursor);

it("[SLOW-1] takes the live operations of a socket back to the log, and leaves where the others are", () => {
  const { connection, readers, toCatchUp } = open({ a: RESUMES, b: { ...RESUMES, resume: { cursor: 3 } } });
  readers.fallBehind(connection, 7, 1000, "here");
  expect(cursorsOf(connection)).toEqual([7, 3]);
  expect(toCatchUp.mock.calls.map(([{ id }]) => id)).toEqual(["a"]);
});

it("[SLOW-3] gives a reader its time once, however often it is found too slow", () => {
  const { connection, readers } = open({ a: RESUMES });
  readers.fallBehind(connection, 7, 1000, "here");
  readers.setSlowAtEdge(connection, true, 8, 20_000);
  readers.fallBehind(connection, 9, 25_000, "here");
  expect(connection.state.drainBy).toBe(31_000);
  readers.setSlow(connection, false, 26_000);
  readers.setSlow(connection, true, 40_000);
  expect(connection.state.drainBy).toBe(70_000);
});

it("[SLOW-2] closes a socket with an operation that cannot resume", () => {
  const { resume: _, ...plain } = RESUMES;
  const { connection, readers, close } = open({ a: RESUMES, b: plain });
  readers.fallBehind(connection, 7, 1000, "here");
  expect(close.mock.calls).toEqual([[connection, expect.objectContaining({ code: 1013 })]]);
  expect(cursorsOf(connection)).toEqual([undefined, undefined]);
});

it("is slow while the edge says so, whatever waits here", () => {
  const { connection, readers } = open({ a: RESUMES });
  connection.mayFollow = 1000;
  readers.setSlowAtEdge(connection, true, 8, 0);
  expect(readers.isTooSlow(connection, 1)).toBe(true);
  readers.setSlowAtEdge(connection, false, 8, 2);
  expect([readers.isTooSlow(connection, 3), connection.state.drainBy]).toEqual([false, undefined]);
});
