import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparePositions,
  formatPosition,
  parsePosition,
  randomEpoch,
  workspaceTag,
} from "../../src/core/pubsub/position.ts";
import { anyText } from "../support/any-text.ts";

const WORKSPACE = "20202020-1c25-4d02-bf25-6aeccf7ea419";
const EPOCH = "0123456789az";
const at = (offset: number, { workspace = workspaceTag(WORKSPACE), epoch = EPOCH } = {}) =>
  formatPosition({ workspace, epoch, offset });

describe("a position", () => {
  it("[LOG-2] comes back from its text", () => {
    const position = { workspace: "cf7ea419", epoch: EPOCH, offset: 42 };
    expect(formatPosition(position)).toBe("cf7ea419.0123456789az.42");
    expect(parsePosition("cf7ea419.0123456789az.42")).toEqual(position);
  });

  it("comes back with any offset and any epoch", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.maxSafeNat(), (workspaceId, offset) => {
        const position = { workspace: workspaceTag(workspaceId), epoch: randomEpoch(), offset };
        expect(parsePosition(formatPosition(position))).toEqual(position);
      }),
    );
  });

  it.each([
    ["nothing", ""],
    ["an offset alone", "42"],
    ["no offset", "cf7ea419.0123456789az."],
    ["no epoch", "cf7ea419..42"],
    ["a short workspace", "cf7ea41.0123456789az.42"],
    ["a whole workspace", `${WORKSPACE}.${EPOCH}.42`],
    ["upper case", "CF7EA419.0123456789az.42"],
    ["a long epoch", "cf7ea419.0123456789azz.42"],
    ["a negative offset", "cf7ea419.0123456789az.-1"],
    ["a leading zero", "cf7ea419.0123456789az.042"],
    ["a fraction", "cf7ea419.0123456789az.4.2"],
    ["an exponent", "cf7ea419.0123456789az.4e2"],
    ["an offset past the safe integers", "cf7ea419.0123456789az.9007199254740992"],
    ["an offset of many digits", `cf7ea419.0123456789az.${"9".repeat(400)}`],
    ["white space", " cf7ea419.0123456789az.42"],
    ["a line break behind it", "cf7ea419.0123456789az.42\n"],
  ])("is not read from %s", (_, text) => expect(parsePosition(text)).toBeUndefined());

  it("is read from no other text", () => {
    fc.assert(fc.property(anyText(), (text) => parsePosition(text) === undefined));
  });
});

describe("comparePositions", () => {
  it("[LOG-3] orders two of one epoch by their offsets", () => {
    expect(comparePositions(at(9), at(10))).toBeLessThan(0);
    expect(comparePositions(at(10), at(9))).toBeGreaterThan(0);
    expect(comparePositions(at(10), at(10))).toBe(0);
  });

  it.each([
    ["another epoch", at(1, { epoch: "zzzzzzzzzzzz" })],
    ["another workspace", at(1, { workspace: "00000000" })],
    ["no position", "42"],
  ])("[LOG-3] says nothing about %s", (_, other) => {
    expect(comparePositions(at(1), other)).toBeUndefined();
    expect(comparePositions(other, at(1))).toBeUndefined();
  });
});

describe("workspaceTag", () => {
  it("tells workspaces apart whose ids begin with the same time", () => {
    expect(workspaceTag("01890a5d-ac96-774b-bcce-b302099a8057")).toBe("099a8057");
    expect(workspaceTag("01890a5d-ac96-774b-bcce-b302099a8058")).toBe("099a8058");
  });
});

describe("randomEpoch", () => {
  it("[LOG-7] is new each time, and fits a position", () => {
    const epochs = Array.from({ length: 1_000 }, randomEpoch);
    expect(new Set(epochs).size).toBe(1_000);
    expect(epochs.every((epoch) => parsePosition(at(0, { epoch })) !== undefined)).toBe(true);
  });
});
