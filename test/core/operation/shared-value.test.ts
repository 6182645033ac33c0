import { describe, expect, it } from "vitest";
import { SharedTexts, SharedValue } from "../../../src/core/operation/shared-value.ts";

/** Counts how often a text is made. */
class Writer {
  written = 0;
  readonly write = (text: string) => () => {
    this.written++;
    return text;
  };
}

const SELECTION = { name: "a selection" };
const OTHER_SELECTION = { name: "another" };

describe("a shared value", () => {
  it("has its members as its own", () => {
    const value = new SharedValue({ a: 1, b: undefined }, new SharedTexts());
    expect(JSON.stringify(value)).toBe('{"a":1}');
    expect(Object.keys(value)).toEqual(["a", "b"]);
  });

  it("is written once for a selection", () => {
    const writer = new Writer();
    const value = new SharedValue({}, new SharedTexts());
    expect([1, 2, 3].map(() => value.textOf(SELECTION, writer.write("text")).text)).toEqual(["text", "text", "text"]);
    expect(writer.written).toBe(1);
  });

  it("is written anew for another selection, and says nothing of another value that is equal", () => {
    const writer = new Writer();
    const texts = new SharedTexts();
    const [value, equal] = [new SharedValue({ a: 1 }, texts), new SharedValue({ a: 1 }, texts)];
    expect(value.textOf(SELECTION, writer.write("one")).text).toBe("one");
    expect(value.textOf(OTHER_SELECTION, writer.write("two")).text).toBe("two");
    expect(equal.textOf(SELECTION, writer.write("three")).text).toBe("three");
    expect(value.textOf(SELECTION, writer.write("four")).text).toBe("one");
    expect(writer.written).toBe(3);
  });

  it("keeps nothing of what could not be written", () => {
    const value = new SharedValue({}, new SharedTexts());
    const fail = () => {
      throw new Error("no");
    };
    expect(() => value.textOf(SELECTION, fail)).toThrow("no");
    expect(value.textOf(SELECTION, () => "text").text).toBe("text");
  });

  it("is written anew once all texts together were too much", () => {
    const writer = new Writer();
    const texts = new SharedTexts();
    const values = Array.from({ length: 5 }, () => new SharedValue({}, texts));
    const large = "x".repeat(1024 * 1024);
    for (const value of values) expect(value.textOf(SELECTION, writer.write(large)).text).toBe(large);
    expect(writer.written).toBe(5);
    // The last one fits; the first one went when there was no more room.
    values.at(-1)?.textOf(SELECTION, writer.write(large));
    expect(writer.written).toBe(5);
    expect(values[0]?.textOf(SELECTION, writer.write("anew")).text).toBe("anew");
  });

  it("is written anew once there were too many texts, however small: each holds on to its value", () => {
    const texts = new SharedTexts();
    const values = Array.from({ length: 20_000 }, () => new SharedValue({}, texts));
    for (const value of values) value.textOf(SELECTION, () => "{}");
    expect(values[0]?.textOf(SELECTION, () => "anew").text).toBe("anew");
  });
});
