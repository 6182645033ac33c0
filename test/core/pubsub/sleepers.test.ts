import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Sleepers, wantOf } from "../../../src/core/pubsub/sleepers.ts";
import type { Interest } from "../../../src/core/pubsub/subscription-index.ts";

const sleeping = (...sleepers: readonly [name: string, ...interests: Interest[]][]) => {
  const all = new Sleepers<string>();
  for (const [name, ...interests] of sleepers) {
    all.add(
      name,
      interests.map((interest) => wantOf("f", interest)),
    );
  }
  return all;
};

describe("sleepers", () => {
  it("are found by what they want, exactly or in any form", () => {
    const all = () =>
      sleeping(["both", ["a", "b"]], ["first", ["a", undefined]], ["any", [undefined, undefined]], ["idle"]);
    expect([...all().wanting("f", ["a", "b"])].sort()).toEqual(["any", "both", "first"]);
    expect([...all().wanting("f", ["c", "b"])]).toEqual(["any"]);
    expect([...all().wanting("g", ["a", "b"])]).toEqual([]);
  });

  it("are found by the same want once, in the order in which they came, and by their others later", () => {
    const all = sleeping(["one", ["a"], ["b"]], ["two", ["a"]]);
    expect([...all.wanting("f", ["a"])]).toEqual(["one", "two"]);
    expect([...all.wanting("f", ["a"])]).toEqual([]);
    expect([...all.wanting("f", ["b"])]).toEqual(["one"]);
  });

  it("say whether they slept, and want nothing when all are awake", () => {
    const all = sleeping(["one", ["a"]], ["idle"]);
    expect([all.delete("one"), all.delete("one"), all.delete("never there")]).toEqual([true, false, false]);
    expect([all.wantAnything, [...all]]).toEqual([true, ["idle"]]);
    expect(all.delete("idle")).toBe(true);
    expect([all.wantAnything, [...all]]).toEqual([false, []]);
  });

  it("want nothing where none of them runs anything", () => {
    expect(sleeping(["idle"]).wantAnything).toBe(false);
  });

  it("are woken while all are gone through", () => {
    const all = sleeping(["one", ["a"]], ["two", ["a"]], ["three"]);
    const seen: string[] = [];
    for (const name of all) {
      seen.push(name);
      all.delete(name);
    }
    expect(seen).toEqual(["one", "two", "three"]);
  });

  it("are never missed, whatever they want", () => {
    const part = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("*", '"a"', 'a" "b'));
    const topic = fc.array(part, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(topic, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), (parts, isAny) => {
        const interest = parts.map((one, i) => (isAny[i] ? undefined : one));
        expect([...sleeping(["one", interest]).wanting("f", parts)]).toEqual(["one"]);
      }),
    );
  });
});

describe("a want", () => {
  it("is a small whole number, which an attachment and a map hold without an object", () => {
    for (const interest of [[], ["a"], ["漢".repeat(1000), undefined]]) {
      const want = wantOf("onDbEvent", interest);
      expect(Number.isInteger(want) && want >= 0 && want < 2 ** 30).toBe(true);
    }
  });

  it("tells records apart: others are hardly ever woken for nothing", () => {
    const wants = Array.from({ length: 10_000 }, (_, i) => wantOf("onDbEvent", ["person", undefined, `${i}`]));
    expect(new Set(wants).size).toBeGreaterThan(9_990);
  });
});
