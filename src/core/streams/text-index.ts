import { isEscapedInJson, withoutCase } from "../filter/text.ts";
import { Buckets } from "./buckets.ts";

/**
 * Finds the literals that a text could hold, by three code points of each: those that the fewest others are found by, as
 * literals have much in common.
 */
export class TextIndex<Item> {
  readonly #byThree = new Buckets<number, Item>();
  readonly #all = new Map<Item, number[]>();

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  /** @param literal folded code points, three at least */
  add(literal: readonly number[], item: Item): void {
    let rarest = 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (let i = 2; i < literal.length; i++) {
      const three = hash(literal[i - 2], literal[i - 1], literal[i]);
      const { size } = this.#byThree.get(three);
      if (size < fewest) [rarest, fewest] = [three, size];
    }
    this.#byThree.add(rarest, item);
    const threes = this.#all.get(item);
    if (threes === undefined) this.#all.set(item, [rarest]);
    else threes.push(rarest);
  }

  delete(item: Item): void {
    for (const three of this.#all.get(item) ?? []) this.#byThree.delete(three, item);
    this.#all.delete(item);
  }

  /** Adds what a value could match to `found`: everything, where it is no text, or one that is not the same in JSON. */
  find(value: unknown, found: Set<Item>): void {
    if (typeof value !== "string") return this.#findAll(found);
    let [first, second] = [0, 0];
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (isEscapedInJson(unit)) return this.#findAll(found);
      const third = withoutCase(unit);
      // Before there are three, this finds what is not there: no more than other collisions do.
      for (const item of this.#byThree.get(hash(first, second, third))) found.add(item);
      [first, second] = [second, third];
    }
  }

  #findAll(found: Set<Item>): void {
    for (const item of this.#all.keys()) found.add(item);
  }
}

/** Others may have the same: they are found too. */
function hash(first = 0, second = 0, third = 0): number {
  return Math.imul(Math.imul(first, FACTOR) + second, FACTOR) + third;
}

const FACTOR = 0x01000193;
