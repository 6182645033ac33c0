import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLOSE, type CloseEvent, closeWith, relayedClose } from "../../../src/core/protocol/close-events.ts";
import { anyText } from "../../support/any-text.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text).length;
const reasonOf = (reason: string) => closeWith(CLOSE.FORBIDDEN, reason).reason;

describe("closeWith", () => {
  it("keeps the code and takes the reason", () => {
    expect(closeWith(CLOSE.OVERLOADED, "Full")).toEqual({ code: 1013, reason: "Full" });
  });

  it.each([
    ["123 bytes stay", "x".repeat(123), "x".repeat(123)],
    ["the 124th byte goes", "x".repeat(124), "x".repeat(123)],
    ["a character of two bytes goes whole", `${"x".repeat(122)}é`, "x".repeat(122)],
    ["a character of two bytes stays whole", `${"x".repeat(121)}é`, `${"x".repeat(121)}é`],
    ["a character of three bytes goes whole", `${"x".repeat(121)}漢`, "x".repeat(121)],
    ["a character of four bytes goes whole", `${"x".repeat(120)}🚰`, "x".repeat(120)],
    ["a character of four bytes stays whole", `${"x".repeat(119)}🚰!`, `${"x".repeat(119)}🚰`],
  ])("[CLOSE-1] cuts a reason between characters: %s", (_, reason, cut) => expect(reasonOf(reason)).toBe(cut));

  it("[CLOSE-1] cuts any reason to 123 bytes, and takes as much as fits", () => {
    fc.assert(
      fc.property(anyText(200), (reason) => {
        const [all, cut] = [bytesOf(reason), reasonOf(reason)];
        if (all <= 123) return cut === reason;
        return reason.startsWith(cut) && bytesOf(cut) <= 123 && bytesOf(cut) >= 120;
      }),
    );
  });
});

describe("CLOSE", () => {
  it.each(Object.entries<CloseEvent>(CLOSE))("%s can be sent", (_, { code, reason }) => {
    expect(isSendable(code)).toBe(true);
    expect(bytesOf(reason)).toBeLessThanOrEqual(123);
  });
});

describe("relayedClose", () => {
  it.each<[number, number, number]>([
    [1000, 1000, 1000],
    [1001, 1001, 1001],
    [1004, 1000, 1000],
    [1005, 1000, 1000],
    [1006, 1000, 1012],
    [1009, 1009, 1009],
    [1012, 1012, 1012],
    [1013, 1013, 1013],
    [1014, 1014, 1014],
    [1015, 1000, 1012],
    [1016, 1000, 1000],
    [2999, 1000, 1000],
    [3000, 3000, 3000],
    [4403, 4403, 4403],
    [4999, 4999, 4999],
    [5000, 1000, 1000],
    [0, 1000, 1000],
  ])("[CLOSE-2] makes %i a %i inwards and a %i outwards", (code, inwards, outwards) => {
    expect(relayedClose({ code, reason: "why" }, "inwards").code).toBe(inwards);
    expect(relayedClose({ code, reason: "why" }, "outwards").code).toBe(outwards);
  });

  it("[CLOSE-2] keeps the reason with its code", () => {
    expect(relayedClose({ code: 4403, reason: "Revoked" }, "outwards")).toEqual({ code: 4403, reason: "Revoked" });
    expect(relayedClose({ code: 1006, reason: "broken pipe" }, "outwards")).toEqual(CLOSE.RESTART);
  });

  it("[CLOSE-2] never makes a close that cannot be sent", () => {
    const direction = fc.constantFrom("inwards" as const, "outwards" as const);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), anyText(200), direction, (code, reason, to) => {
        const close = relayedClose({ code, reason }, to);
        return isSendable(close.code) && bytesOf(close.reason) <= 123;
      }),
    );
  });
});

/** What a close frame may carry, after RFC 6455 and the registry of close codes. */
function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}
