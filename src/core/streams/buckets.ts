/** Items by key, any number for each; a key without any is not kept. */
export class Buckets<Key, Item> {
  readonly #buckets = new Map<Key, Set<Item>>();

  get isEmpty(): boolean {
    return this.#buckets.size === 0;
  }

  get(key: Key): ReadonlySet<Item> {
    return this.#buckets.get(key) ?? NONE;
  }

  add(key: Key, item: Item): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, new Set([item]));
    else bucket.add(item);
  }

  delete(key: Key, item: Item): void {
    const bucket = this.#buckets.get(key);
    bucket?.delete(item);
    if (bucket?.size === 0) this.#buckets.delete(key);
  }
}

const NONE: ReadonlySet<never> = new Set();
