import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Interest, SubscriptionIndex } from "../../../src/core/pubsub/subscription-index.ts";

/** Parts that try to look like "any", like two parts, or like their own encoding. */
const HOSTILE = [
  "",
  "*",
  '"',
  '"*"',
  " ",
  "a",
  "b",
  "a b",
  'a" "b',
  '"a" "b"',
  "a\\",
  '\\"',
  "undefined",
  "null",
  "\0",
  "漢",
];

const found = <Item>(index: SubscriptionIndex<Item>, field: string, ...topic: string[]) => [
  ...index.match(field, topic),
];

describe("SubscriptionIndex", () => {
  it("finds whoever wants a topic or anything", () => {
    const index = new SubscriptionIndex<string>();
    index.add("f", ["a", "b"], "both");
    index.add("f", ["a", undefined], "first");
    index.add("f", [undefined, "b"], "second");
    index.add("f", [undefined, undefined], "any");
    expect(found(index, "f", "a", "b")).toEqual(["both", "second", "first", "any"]);
    expect(found(index, "f", "a", "c").sort()).toEqual(["any", "first"]);
    expect(found(index, "f", "b", "a")).toEqual(["any"]);
    expect(found(index, "g", "a", "b")).toEqual([]);
  });

  it("keeps several items of one interest, and each of them once", () => {
    const index = new SubscriptionIndex<string>();
    for (const item of ["one", "two", "one"]) index.add("f", ["a"], item);
    expect(found(index, "f", "a")).toEqual(["one", "two"]);
    index.delete("f", ["a"], "one");
    expect(found(index, "f", "a")).toEqual(["two"]);
  });

  it("is empty again when all are gone", () => {
    const index = new SubscriptionIndex<string>();
    for (const part of HOSTILE) index.add("f", [part, undefined], part);
    expect(index.size).toBe(HOSTILE.length);
    index.delete("f", ["never there"], "x");
    index.delete("g", ["a", undefined], "a");
    expect(index.size).toBe(HOSTILE.length);
    for (const part of HOSTILE) index.delete("f", [part, undefined], part);
    expect(index.size).toBe(0);
  });

  it("finds an interest in nothing by a topic of nothing", () => {
    const index = new SubscriptionIndex<string>();
    index.add("f", [], "x");
    expect(found(index, "f")).toEqual(["x"]);
  });

  it("never takes one text for another, for two, or for any", () => {
    const index = new SubscriptionIndex<string>();
    for (const a of HOSTILE) for (const b of HOSTILE) index.add("f", [a, b], JSON.stringify([a, b]));
    for (const a of HOSTILE) for (const b of HOSTILE) expect(found(index, "f", a, b)).toEqual([JSON.stringify([a, b])]);
  });

  it("finds those who were there when it was asked, also while they leave", () => {
    const index = new SubscriptionIndex<string>();
    for (const item of ["one", "two", "three"]) index.add("f", ["a"], item);
    index.add("f", [undefined], "four");
    const seen: string[] = [];
    for (const item of index.match("f", ["a"])) {
      seen.push(item);
      for (const leaving of ["one", "two"]) index.delete("f", ["a"], leaving);
    }
    expect(seen).toEqual(["one", "two", "three", "four"]);
  });

  it("finds the same as asking everybody, after any adding and deleting", () => {
    const part = fc.constantFrom("a", "*", '"a"', 'a" "*');
    const interest = fc.array(fc.option(part, { nil: undefined }), { minLength: 3, maxLength: 3 });
    const entry = fc.record({ field: fc.constantFrom("f", "f *"), interest, item: fc.nat(5), leaves: fc.boolean() });
    const topic = fc.array(part, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), topic, fc.constantFrom("f", "f *"), (entries, asked, field) => {
        const index = new SubscriptionIndex<number>();
        for (const { field, interest, item } of entries) index.add(field, interest, item);
        const key = ({ field, interest, item }: (typeof entries)[number]) => JSON.stringify([field, interest, item]);
        const left = new Set<string>();
        for (const one of entries) if (one.leaves) index.delete(one.field, one.interest, one.item);
        for (const one of entries) if (one.leaves) left.add(key(one));
        const wanted = entries.filter((one) => one.field === field && !left.has(key(one)) && fits(one.interest, asked));
        const expected = new Set(wanted.map(key));
        return found(index, field, ...asked).length === expected.size;
      }),
      { numRuns: 500 },
    );
  });
});

function fits(interest: Interest, topic: readonly string[]): boolean {
  return interest.every((part, i) => part === undefined || part === topic[i]);
}
