import { numberOf } from "../filter/leaf/number.ts";
import type { LookupKey, Place } from "../filter/lookup-keys.ts";
import { isJsonObject } from "../json.ts";
import { Buckets } from "./buckets.ts";
import { TextIndex } from "./text-index.ts";

type Range = Extract<LookupKey, { kind: "within" }>;

/** Finds what is kept under the keys that the value of one place could have. */
export class PlaceIndex<Item> {
  readonly place: Place;
  readonly #byText = new Buckets<string, Item>();
  readonly #literals = new TextIndex<Item>();
  /** Two comparisons for each: thousands are looked through while one message is sent. */
  readonly #ranges = new Map<Item, Range[]>();

  constructor(place: Place) {
    this.place = place;
  }

  get isEmpty(): boolean {
    return this.#byText.isEmpty && this.#literals.isEmpty && this.#ranges.size === 0;
  }

  add(key: LookupKey, item: Item): void {
    switch (key.kind) {
      case "equals":
        return this.#byText.add(key.text, item);
      case "contains":
        return this.#literals.add(key.literal, item);
      case "within": {
        const ranges = this.#ranges.get(item);
        if (ranges === undefined) this.#ranges.set(item, [key]);
        else ranges.push(key);
      }
    }
  }

  /** Of texts the one that is meant; literals and ranges of an item go together. */
  delete(key: LookupKey, item: Item): void {
    switch (key.kind) {
      case "equals":
        return this.#byText.delete(key.text, item);
      case "contains":
        return this.#literals.delete(item);
      case "within":
        this.#ranges.delete(item);
    }
  }

  /**
   * Adds everything whose key a value could have to `found`: null has none. What a range or a pattern is no question for
   * is found by all of them, so that the filters that do not fit are counted.
   */
  find(value: unknown, found: Set<Item>): void {
    if (value === null) return;
    const text = textOf(value);
    if (text !== undefined) for (const item of this.#byText.get(text)) found.add(item);
    if (this.#ranges.size > 0) this.#findRanges(numberOf(value), found);
    if (!this.#literals.isEmpty) this.#literals.find(value, found);
  }

  #findRanges(number: number, found: Set<Item>): void {
    for (const [item, ranges] of this.#ranges) {
      if (ranges.some(({ low, high }) => !(number < low || number > high))) found.add(item);
    }
  }
}

/** What a value is looked up by: its own text, or the id of the related record that it is. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return isJsonObject(value) && Object.hasOwn(value, "id") && typeof value.id === "string" ? value.id : undefined;
}
