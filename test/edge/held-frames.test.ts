import { describe, expect, it } from "vitest";
import { HeldFrames } from "../../src/edge/held-frames.ts";

describe("HeldFrames", () => {
  it("[LEGACY-8] holds so many frames, both sides, and gives them back in order", () => {
    const held = new HeldFrames({ maxCount: 2, maxBytes: 100 });
    expect(["a", "b", "c"].map((frame) => held.hold(frame))).toEqual([true, true, false]);
    expect(held.take()).toEqual(["a", "b"]);
    expect(held.take()).toEqual([]);
  });

  it("[LEGACY-8] holds so many bytes together, both sides, of texts as they are in UTF-8", () => {
    const held = new HeldFrames({ maxCount: 100, maxBytes: 10 });
    expect(["é".repeat(4), new ArrayBuffer(3), "xx", "x"].map((frame) => held.hold(frame))).toEqual([
      ...[true, false, true, false],
    ]);
  });
});
