import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { UnreadLedger } from "../../src/core/unread-ledger.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const ledger = () => new UnreadLedger<string>(DEFAULT_LIMITS);

describe("UnreadLedger", () => {
  it("allows each reader its budget while all together have room", () => {
    const unread = ledger();
    expect([unread.budget, unread.isOverfull, unread.drained]).toEqual([MIB, false, MIB / 2]);
    for (let i = 0; i < 32; i++) unread.record(`${i}`, MIB);
    expect([unread.budget, unread.isOverfull]).toEqual([MIB, false]);
  });

  it("[LIMIT-29] allows less when all together have too much, so that the fullest go first", () => {
    const unread = ledger();
    for (let i = 0; i < 64; i++) unread.record(`${i}`, MIB);
    expect([unread.budget, unread.isOverfull]).toEqual([MIB / 2, true]);
    expect(unread.drained).toBe(MIB / 4);
    for (let i = 64; i < 100_000; i++) unread.record(`${i}`, MIB);
    expect(unread.budget).toBe(64 * KIB);
  });

  it("allows the whole budget again when readers have read", () => {
    const unread = ledger();
    for (let i = 0; i < 64; i++) unread.record(`${i}`, MIB);
    for (let i = 0; i < 40; i++) unread.record(`${i}`, 0);
    expect([unread.budget, [...unread.readers].length]).toEqual([MIB, 24]);
  });

  it("counts a reader by what it was last found with", () => {
    const unread = ledger();
    for (const bytes of [40 * MIB, 20 * MIB, 33 * MIB]) unread.record("a", bytes);
    expect(unread.isOverfull).toBe(true);
    unread.record("a", 32 * MIB);
    expect(unread.isOverfull).toBe(false);
  });

  it("remembers whoever is past half of a budget that is small, and never allows more than the setting", () => {
    const unread = new UnreadLedger<string>({ ...DEFAULT_LIMITS, MAX_UNREAD_BYTES_PER_SOCKET: 10 * KIB });
    expect([unread.record("a", 5 * KIB), unread.record("a", 5 * KIB + 1)]).toEqual([false, true]);
    unread.record("b", 64 * MIB);
    expect(unread.budget).toBeLessThanOrEqual(10 * KIB);
  });

  it("counts what was not renewed in time no longer, where it is told a time, both sides", () => {
    let now = 0;
    const unread = new UnreadLedger<string>(DEFAULT_LIMITS, { maxAgeMs: 1_000, clock: () => now });
    unread.record("lost", 40 * MIB);
    unread.record("alive", MIB);
    now = 1_000;
    expect([unread.record("alive", MIB), [...unread.readers], unread.isOverfull]).toEqual([
      ...[true, ["lost", "alive"], true],
    ]);
    now = 1_001;
    expect([unread.record("other", 0), [...unread.readers], unread.isOverfull]).toEqual([false, ["alive"], false]);
    now = 1e12;
    const forEver = ledger();
    forEver.record("kept", 40 * MIB);
    forEver.record("other", MIB);
    expect([...forEver.readers]).toEqual(["kept", "other"]);
  });

  it("remembers nobody with as little as any healthy reader has, both sides", () => {
    const unread = ledger();
    unread.record("a", 64 * KIB);
    expect([...unread.readers]).toEqual([]);
    unread.record("a", 64 * KIB + 1);
    expect([...unread.readers]).toEqual(["a"]);
    unread.record("a", 64 * KIB);
    expect([...unread.readers]).toEqual([]);
    for (let i = 0; i < 1_000; i++) unread.record(`${i}`, 64 * KIB);
    expect(unread.isOverfull).toBe(false);
  });
});
