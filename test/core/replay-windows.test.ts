import { expect, it } from "vitest";
import { ReplayWindows } from "../../durable-objects/replay-windows.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { MemoryReplayLog } from "../../src/core/pubsub/memory-replay-log.ts";
import { retentionFrom } from "../../src/core/pubsub/replay-log.ts";
import { NO_STREAMS } from "../support/new-streams.ts";

/** A log of so many events, and how many rows of it were parsed. */
function windowsOver(events: number) {
  const log = new MemoryReplayLog(retentionFrom(DEFAULT_LIMITS));
  const append = (count: number) => {
    for (let i = 0; i < count; i++) {
      log.append({ id: `${log.head}`, digest: "", source: "direct", events: 1, body: "{}" }, 0);
    }
  };
  append(events);
  let parsed = 0;
  const windows = new ReplayWindows({
    workspaceId: "w",
    ...NO_STREAMS,
    positionAt: String,
    read: (row) => {
      parsed++;
      return { row, message: { kind: "channel", channel: "x", payload: null } };
    },
  });
  return { windows, log, append, parsed: () => parsed };
}

it("all who are in a stretch of the log share it, and so do those who come there later", () => {
  const { windows, log, parsed } = windowsOver(100);
  const window = windows.after(10, log, 0);
  expect([window.after, window.upTo]).toEqual([10, 100]);
  windows.letGo(9_999);
  expect([windows.after(10, log, 9_999), windows.after(99, log, 9_999)]).toEqual([window, window]);
  expect(parsed()).toBe(90);
});

it("what came before it or after it is read for itself", () => {
  const { windows, log, append, parsed } = windowsOver(100);
  windows.after(50, log, 0);
  append(10);
  windows.after(100, log, 0);
  expect(parsed()).toBe(60);
  windows.after(49, log, 0);
  expect(parsed()).toBe(121);
});

it("eight are kept, those that were used last", () => {
  const { windows, log, parsed } = windowsOver(9_000);
  const readAll = (...offsets: readonly number[]) => {
    for (const offset of offsets) windows.after(offset, log, 0);
    return parsed();
  };
  expect(readAll(0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000)).toBe(8_000);
  expect(readAll(0, 8_000)).toBe(9_000);
  expect(readAll(0, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000)).toBe(9_000);
  expect(readAll(1_000)).toBe(10_000);
});

it("nothing is kept once nobody has read for a while", () => {
  const { windows, log, parsed } = windowsOver(100);
  windows.after(0, log, 0);
  windows.letGo(10_000);
  windows.after(0, log, 10_000);
  expect(parsed()).toBe(200);
});
