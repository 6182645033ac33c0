import { expect, it } from "vitest";
import type { Connection } from "../../durable-objects/connection.ts";
import { UnreadBytes } from "../../durable-objects/unread-bytes.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A socket for which so much waits. */
function reader(bufferedAmount: number, identity = "user:a"): Connection {
  return { socket: { bufferedAmount }, identity } as unknown as Connection;
}

it("[SLOW-4] what waits for a closed socket counts on until it is read, or the socket is gone", () => {
  const unread = new UnreadBytes(DEFAULT_LIMITS);
  const [reading, gone, quick] = [reader(40 * MIB), reader(MIB), reader(10 * KIB)];
  for (const closed of [reading, gone, quick]) {
    unread.isTooSlow(closed, 0);
    unread.leave(closed, 0);
  }
  expect([unread.isOverfull, unread.leavingBytes, unread.countLeaving("user:a", 1)]).toEqual([true, 41 * MIB, 2]);
  Object.assign(reading.socket, { bufferedAmount: 0 });
  unread.forget(gone.socket);
  expect([unread.countLeaving("user:a", 2), unread.isOverfull, unread.leavingBytes]).toEqual([0, false, 0]);
});

it("counts them for their own caller only, and for ten minutes at most", () => {
  const unread = new UnreadBytes(DEFAULT_LIMITS);
  unread.leave(reader(MIB, "user:a"), 0);
  unread.leave(reader(MIB, "user:b"), 0);
  expect([unread.countLeaving("user:a", 1), unread.countLeaving("user:c", 1)]).toEqual([1, 0]);
  expect(unread.countLeaving("user:a", 600_000)).toBe(0);
});

it("[SLOW-5] a reader is flooded past four budgets, however little room the others leave", () => {
  const unread = new UnreadBytes(DEFAULT_LIMITS);
  for (let i = 0; i < 64; i++) unread.isTooSlow(reader(2 * MIB), i);
  expect(unread.isOverfull).toBe(true);
  expect([4 * MIB, 4 * MIB + 1].map((bytes) => unread.isFlooded(reader(bytes)))).toEqual([false, true]);
});
