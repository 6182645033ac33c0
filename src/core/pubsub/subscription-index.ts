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
    const key = interestKey(field, interest);
    const items = this.#items.get(key);
    if (items === undefined) this.#items.set(key, new Set([item]));
    else items.add(item);
  }

  delete(field: string, interest: Interest, item: Item): void {
    const key = interestKey(field, interest);
    const items = this.#items.get(key);
    items?.delete(item);
    if (items?.size === 0) this.#items.delete(key);
  }

  /** Everybody whose interest fits the topic. */
  *match(field: string, topic: readonly string[]): Generator<Item> {
    for (const key of topicKeys(field, topic)) {
      const items = this.#items.get(key);
      if (items !== undefined) yield* items;
    }
  }
}

/** What stands for an interest in a field: the same for equal ones. */
export function interestKey(field: string, interest: Interest): string {
  return `${field} ${interest.map(encodePart).join(" ")}`;
}

/** The keys of all interests that fit a topic. */
export function topicKeys(field: string, topic: readonly string[]): string[] {
  const parts = topic.map(encodePart);
  const keys: string[] = [];
  for (let anyOf = 0; anyOf < 1 << parts.length; anyOf++) {
    keys.push(`${field} ${parts.map((part, i) => (anyOf & (1 << i) ? ANY : part)).join(" ")}`);
  }
  return keys;
}

/** No part encodes to this: a part in quotes never equals it. */
const ANY = "*";

/** Quoted, so that no text from outside can be mistaken for two parts or for "any". */
function encodePart(part: string | undefined): string {
  return part === undefined ? ANY : JSON.stringify(part);
}
