import { placeKey, valueAt } from "../filter/lookup-keys.ts";
import type { JsonObject } from "../json.ts";
import { PlaceIndex } from "./place-index.ts";
import type { StreamQuery } from "./stream-query.ts";

/**
 * Finds the queries that a record could match without asking the others: by object, then by the keys of their filters.
 * Queries that have none are asked every time.
 */
export class QueryIndex<Item extends { readonly query: StreamQuery }> {
  readonly #objects = new Map<string, QueriesOfObject<Item>>();

  add(item: Item): void {
    const { objectNameSingular } = item.query;
    if (objectNameSingular === undefined || item.query.invalid !== undefined) return;
    const queries = this.#objects.get(objectNameSingular) ?? new QueriesOfObject<Item>();
    this.#objects.set(objectNameSingular, queries);
    queries.add(item);
  }

  delete(item: Item): void {
    const { objectNameSingular = "" } = item.query;
    const queries = this.#objects.get(objectNameSingular);
    queries?.delete(item);
    if (queries?.isEmpty) this.#objects.delete(objectNameSingular);
  }

  /** Whether any query is about an object. */
  has(objectNameSingular: string): boolean {
    return this.#objects.has(objectNameSingular);
  }

  /** Everything that could match one of these records of an object. */
  candidates(objectNameSingular: string, records: readonly JsonObject[]): ReadonlySet<Item> {
    return this.#objects.get(objectNameSingular)?.candidates(records) ?? NONE;
  }
}

class QueriesOfObject<Item extends { readonly query: StreamQuery }> {
  readonly #unindexed = new Set<Item>();
  readonly #places = new Map<string, PlaceIndex<Item>>();

  get isEmpty(): boolean {
    return this.#unindexed.size === 0 && this.#places.size === 0;
  }

  add(item: Item): void {
    const { keys } = item.query;
    if (keys === undefined) return void this.#unindexed.add(item);
    for (const key of keys) {
      const at = placeKey(key.place);
      const index = this.#places.get(at) ?? new PlaceIndex<Item>(key.place);
      this.#places.set(at, index);
      index.add(key, item);
    }
  }

  delete(item: Item): void {
    const { keys } = item.query;
    if (keys === undefined) return void this.#unindexed.delete(item);
    for (const key of keys) {
      const at = placeKey(key.place);
      const index = this.#places.get(at);
      index?.delete(key, item);
      if (index?.isEmpty) this.#places.delete(at);
    }
  }

  candidates(records: readonly JsonObject[]): Set<Item> {
    const found = new Set(this.#unindexed);
    for (const index of this.#places.values()) {
      // Most of what is in a record before a change is there after it as well.
      for (const value of new Set(records.map((record) => valueAt(record, index.place)))) index.find(value, found);
    }
    return found;
  }
}

const NONE: ReadonlySet<never> = new Set();
