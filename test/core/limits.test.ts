import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, LIMITS, type LimitName } from "../../src/core/limits.ts";
import { parseSettings, SettingsError } from "../../src/core/settings.ts";

const NAMES = Object.keys(LIMITS) as LimitName[];
const limitsWith = (name: LimitName, value: unknown) => parseSettings({ [name]: value }).limits;

describe("the limits", () => {
  it("are their defaults where no setting says otherwise", () => {
    expect(parseSettings({}).limits).toEqual(DEFAULT_LIMITS);
  });

  it.each(NAMES)("%s has a default within its bounds", (name) => {
    const { default: value, min, max } = LIMITS[name];
    for (const bound of [min, value, max]) expect(Number.isSafeInteger(bound)).toBe(true);
    expect(min).toBeLessThanOrEqual(value);
    expect(value).toBeLessThanOrEqual(max);
  });

  it.each(NAMES)("%s can be set to both of its bounds, which changes no other", (name) => {
    for (const bound of [LIMITS[name].min, LIMITS[name].max]) {
      expect(limitsWith(name, `${bound}`)).toEqual({ ...DEFAULT_LIMITS, [name]: bound });
    }
  });

  it.each(NAMES)("%s cannot be set past its bounds", (name) => {
    const { min, max, unit } = LIMITS[name];
    for (const value of [min - 1, max + 1]) {
      expect(() => limitsWith(name, `${value}`)).toThrow(
        new SettingsError(name, `a whole number from ${min} to ${max} (${unit})`),
      );
    }
  });

  it.each(["x", "1.5", "1e3", "0x10", "-1", "+1", "1 000", "1_000", "Infinity", "NaN", "9".repeat(400), "١٠"])(
    "cannot be set to %s",
    (value) => expect(() => limitsWith("MAX_OPERATIONS_PER_SOCKET", value)).toThrow(SettingsError),
  );

  it("may have white space around them, and are left out when empty", () => {
    expect(limitsWith("MAX_OPERATIONS_PER_SOCKET", " 7 ").MAX_OPERATIONS_PER_SOCKET).toBe(7);
    expect(limitsWith("MAX_OPERATIONS_PER_SOCKET", "").MAX_OPERATIONS_PER_SOCKET).toBe(200);
  });
});
