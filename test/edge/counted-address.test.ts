import { describe, expect, it } from "vitest";
import { countedAddress } from "../../src/edge/counted-address.ts";

describe("countedAddress", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "::ffff:203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::6", "2001:db8:1:2"],
    ["2001:db8::3:4:5:6", "2001:db8:0:0"],
    ["2001:db8::", "2001:db8:0:0"],
    ["2001:db8::2:3:4:5:6", "2001:db8:0:2"],
    ["::1", "0:0:0:0"],
    ["unknown", "unknown"],
    ["", ""],
    [":".repeat(100), "0:0:0:0"],
  ])("[LIMIT-21] counts %j as %j", (ip, counted) => {
    expect(countedAddress(ip)).toBe(counted);
  });
});
