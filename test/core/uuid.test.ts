import { describe, expect, it } from "vitest";
import { parseUuid } from "../../src/core/uuid.ts";

const UUID = "20202020-1c25-4d02-bf25-6aeccf7ea419";

describe("parseUuid", () => {
  it.each([UUID, UUID.toUpperCase(), "20202020-1C25-4d02-bf25-6AECCF7EA419"])("takes %s in lower case", (value) => {
    expect(parseUuid(value)).toBe(UUID);
  });

  it("takes any version, the nil one included", () => {
    const others = ["00000000-0000-0000-0000-000000000000", "01890a5d-ac96-774b-bcce-b302099a8057"];
    expect(others.map(parseUuid)).toEqual(others);
  });

  it.each([
    ["nothing", ""],
    ["a digit too few", UUID.slice(1)],
    ["a digit too many", `${UUID}0`],
    ["no hyphens", UUID.replaceAll("-", "")],
    ["braces", `{${UUID}}`],
    ["a prefix", `urn:uuid:${UUID}`],
    ["white space", ` ${UUID}`],
    ["a line break behind it", `${UUID}\n`],
    ["another letter", UUID.replace("a", "g")],
    ["a letter that is an a in another script", UUID.replace("a", "а")],
    ["a list", [UUID]],
    ["a String object", Object(UUID)],
    ["a number", 20202020],
    ["null", null],
    ["undefined", undefined],
  ])("refuses %s", (_, value) => expect(parseUuid(value)).toBeUndefined());
});
