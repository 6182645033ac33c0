import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { UnreadLedger } from "../../src/core/unread-ledger.ts";
import { Backpressure } from "../../src/edge/backpressure.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client with so many bytes unread as the test says, and what became of it. */
class FakeReader {
  readonly said: (boolean | "given up")[] = [];
  readonly ledger: UnreadLedger<object>;
  readonly backpressure: Backpressure;
  unread = 0;

  constructor(ledger = new UnreadLedger<object>(DEFAULT_LIMITS)) {
    this.ledger = ledger;
    this.backpressure = new Backpressure({
      ledger,
      unread: () => this.unread,
      tell: (isOn) => this.said.push(isOn),
      giveUp: () => this.said.push("given up"),
    });
  }

  /** Something was sent, as much as there may be; so much waits now. */
  send(unread: number, sent = MIB): void {
    this.unread = unread;
    this.backpressure.check(sent);
  }

  /** So much waits a moment later. */
  later(unread: number): void {
    this.unread = unread;
    vi.advanceTimersByTime(100);
  }
}

/** A ledger of an isolate in which others have left 64 MiB unread: everybody may have half a MiB then. */
function overfull(): UnreadLedger<object> {
  const ledger = new UnreadLedger<object>(DEFAULT_LIMITS);
  for (let i = 0; i < 64; i++) ledger.record({}, MIB);
  return ledger;
}

describe("Backpressure", () => {
  it("tells nothing of a burst that is read in a moment", () => {
    const reader = new FakeReader();
    reader.send(2 * MIB);
    reader.later(MIB);
    reader.later(0);
    expect([reader.said, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it("[SLOW-1] tells of what still waits a moment later, and once half of it is read", () => {
    const reader = new FakeReader();
    reader.send(MIB + 1);
    expect(reader.said).toEqual([]);
    reader.later(MIB + 1);
    expect(reader.said).toEqual([true]);
    reader.later(MIB / 2 + 1);
    expect(reader.said).toEqual([true]);
    reader.later(MIB / 2);
    expect(reader.said).toEqual([true, false]);
    reader.later(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[SLOW-1] tells at once of more than two budgets, both sides: pages come faster than it looks", () => {
    const reader = new FakeReader();
    reader.send(2 * MIB);
    expect(reader.said).toEqual([]);
    reader.send(2 * MIB + 1);
    expect(reader.said).toEqual([true]);
  });

  it("says it once, however much comes afterwards, and again after it has taken it back", () => {
    const reader = new FakeReader();
    for (const budgets of [3, 4, 5]) reader.send(budgets * MIB);
    reader.later(4 * MIB);
    expect(reader.said).toEqual([true]);
    reader.later(0);
    reader.send(3 * MIB);
    expect(reader.said).toEqual([true, false, true]);
  });

  it("gives a client up that has eight budgets unread, both sides, also in an overfull isolate", () => {
    for (const ledger of [new UnreadLedger<object>(DEFAULT_LIMITS), overfull()]) {
      const reader = new FakeReader(ledger);
      reader.send(8 * MIB);
      expect(reader.said).toEqual([true]);
      reader.send(8 * MIB + 1);
      expect(reader.said).toEqual([true, "given up"]);
    }
  });

  it("[LIMIT-29] counts with the smaller budget in an overfull isolate", () => {
    const patient = new FakeReader(overfull());
    patient.send(0.9 * MIB);
    expect(patient.said).toEqual([]);
    patient.later(0.9 * MIB);
    expect(patient.said).toEqual([true]);
    patient.later(0.3 * MIB);
    expect(patient.said).toEqual([true]);
    patient.later(0.2 * MIB);
    expect(patient.said).toEqual([true, false]);

    const sudden = new FakeReader(overfull());
    sudden.send(MIB);
    expect(sudden.said).toEqual([true]);
  });

  it("[SLOW-1] keeps to a budget that is small", () => {
    const reader = new FakeReader(new UnreadLedger({ ...DEFAULT_LIMITS, MAX_UNREAD_BYTES_PER_SOCKET: 10 * KIB }));
    reader.send(11 * KIB);
    reader.later(11 * KIB);
    reader.later(5 * KIB);
    reader.send(21 * KIB);
    expect(reader.said).toEqual([true, false, true]);
    reader.later(0);
    expect([reader.said, vi.getTimerCount()]).toEqual([[true, false, true, false], 0]);
  });

  it("keeps counting what waits below the budget, until it is read", () => {
    const reader = new FakeReader();
    reader.send(65 * KIB);
    reader.later(65 * KIB);
    expect([...reader.ledger.readers]).toHaveLength(1);
    reader.later(64 * KIB);
    expect([[...reader.ledger.readers], vi.getTimerCount()]).toEqual([[], 0]);
  });

  it("leaves neither a timer nor an entry behind when the client is gone", () => {
    const reader = new FakeReader();
    reader.send(3 * MIB);
    reader.backpressure.end();
    expect([[...reader.ledger.readers], vi.getTimerCount()]).toEqual([[], 0]);
  });
});

it("does not ask how much waits until more was sent than could be too much", () => {
  const reader = new FakeReader();
  reader.send(0, 10);
  reader.send(100 * MIB, 10);
  expect(reader.said).toEqual([]);
  reader.send(100 * MIB);
  expect(reader.said).toEqual(["given up"]);
});
