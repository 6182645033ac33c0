/** What a subscription wants: one part per dimension of its field, undefined meaning any. */
export type Interest = readonly (string | undefined)[];

/**
 * Finds those who want an occurrence without asking those who do not: an interest in n dimensions is found by at most
 * 2^n look-ups, however many subscribers there are.
 */
export class SubscriptionIndex<Item> {
  readonly #items = new Map<string, Set<Item>>();

  get size(): number {
    return this.#items.size;
  }

  add(field: string, interest: Interest, item: Item): void {
    const key = indexKey(field, interest.map(encodePart));
    const items = this.#items.get(key);
    if (items === undefined) this.#items.set(key, new Set([item]));
    else items.add(item);
  }

  delete(field: string, interest: Interest, item: Item): void {
    const key = indexKey(field, interest.map(encodePart));
    const items = this.#items.get(key);
    items?.delete(item);
    if (items?.size === 0) this.#items.delete(key);
  }

  /** Everybody whose interest fits the topic. */
  *match(field: string, topic: readonly string[]): Generator<Item> {
    const parts = topic.map(encodePart);
    for (let anyOf = 0; anyOf < 1 << parts.length; anyOf++) {
      const key = indexKey(
        field,
        parts.map((part, i) => (anyOf & (1 << i) ? ANY : part)),
      );
      const items = this.#items.get(key);
      if (items !== undefined) yield* items;
    }
  }
}

/** No part encodes to this: a part in quotes never equals it. */
const ANY = "*";

/** Quoted, so that no text from outside can be mistaken for two parts or for "any". */
function encodePart(part: string | undefined): string {
  return part === undefined ? ANY : JSON.stringify(part);
}

function indexKey(field: string, parts: readonly string[]): string {
  return `${field} ${parts.join(" ")}`;
}
