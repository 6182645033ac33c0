import { describe, expect, it } from "vitest";
import { matchesPattern, readChannelPattern } from "../../../src/core/pubsub/channel-pattern.ts";
import { OTHER_WORKSPACE, WORKSPACE } from "../../support/publish-fixtures.ts";

describe("matchesPattern", () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ["", [""], ["a"]],
    ["abc", ["abc"], ["ab", "abcd", "ABC", ""]],
    ["*", ["", "a", "a:b"], []],
    ["a*", ["a", "ab", "a:b"], ["", "ba"]],
    ["*b", ["b", "ab", "bab"], ["ba"]],
    ["a*b*c", ["abc", "aXbYc", "abcbc", "aabbcc"], ["ab", "acb", "abcd"]],
    ["**a**", ["a", "xax"], ["", "b"]],
    ["?", ["a", "漢", "😀"], ["", "ab"]],
    ["a?c", ["abc", "a?c"], ["ac", "abbc"]],
    ["[abc]x", ["ax", "cx"], ["dx", "x", "abcx"]],
    ["[a-c]", ["a", "b", "c"], ["d", "-", "A"]],
    ["[c-a]", ["a", "b", "c"], ["d"]],
    ["[^a-c]", ["d", "-"], ["a", "b", ""]],
    ["[^]", ["a", "]"], [""]],
    ["[]", [], ["", "a", "]"]],
    ["[a\\]b]", ["a", "]", "b"], ["\\"]],
    // A dash always makes a range, of "]" too.
    ["[a-]", ["a", "]", "^"], ["-", "b"]],
    ["[abc", ["a", "b", "c"], ["[abc", "d"]],
    ["[", [], ["[", "", "a"]],
    ["\\*", ["*"], ["a", "\\*", ""]],
    ["\\[a]", ["[a]"], ["a"]],
    ["a\\", ["a\\"], ["a"]],
    ["(a|b)+", ["(a|b)+"], ["a", "ab"]],
  ])("%j fits %j, and not %j", (pattern, fits, others) => {
    expect(fits.filter((channel) => !matchesPattern(pattern, channel))).toEqual([]);
    expect(others.filter((channel) => matchesPattern(pattern, channel))).toEqual([]);
  });

  it("is done with patterns that would have a regular expression try for years", () => {
    for (const pattern of [`${"*a".repeat(127)}b`, `${"*?".repeat(127)}b`, `*${"[a-c]".repeat(50)}b`]) {
      expect(matchesPattern(pattern, "a".repeat(256))).toBe(false);
      expect(matchesPattern(pattern, `${"a".repeat(255)}b`)).toBe(true);
    }
  });
});

describe("readChannelPattern", () => {
  it("leaves out the workspace in second place, and keeps any other text", () => {
    const read = (pattern: string) => readChannelPattern(pattern, "name", WORKSPACE);
    expect(read(`AGENT_CHAT_CHANNEL:${WORKSPACE}:*`)).toBe("AGENT_CHAT_CHANNEL:*");
    expect(read(`*:${WORKSPACE.toUpperCase()}`)).toBe("*");
    expect(read(`notes:${OTHER_WORKSPACE}:*`)).toBe(`notes:${OTHER_WORKSPACE}:*`);
    expect(read("*:*")).toBe("*:*");
  });

  it.each(["", "a".repeat(257), `AGENT_CHAT_CHANNEL:${OTHER_WORKSPACE}:*`, "\ud800", 7, undefined])(
    "refuses %j",
    (pattern) => {
      expect(() => readChannelPattern(pattern, "name", WORKSPACE)).toThrow(/^name: expected /);
    },
  );
});
