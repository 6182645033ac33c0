import { equalityValueOf } from "../filter/required-equalities.ts";
import type { JsonObject } from "../json.ts";
import type { StreamQuery } from "./stream-query.ts";

/**
 * Finds the queries that a record could match without asking the others: by object, then by the value of one field that
 * the query requires. Queries that require none are asked every time.
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
  /** By field, then by value. */
  readonly #byField = new Map<string, Map<string, Set<Item>>>();

  get isEmpty(): boolean {
    return this.#unindexed.size === 0 && this.#byField.size === 0;
  }

  add(item: Item): void {
    const key = keyOf(item.query);
    if (key === undefined) return void this.#unindexed.add(item);
    const byValue = this.#byField.get(key.field) ?? new Map<string, Set<Item>>();
    this.#byField.set(key.field, byValue);
    for (const value of key.values) {
      const items = byValue.get(value);
      if (items === undefined) byValue.set(value, new Set([item]));
      else items.add(item);
    }
  }

  delete(item: Item): void {
    const key = keyOf(item.query);
    if (key === undefined) return void this.#unindexed.delete(item);
    const byValue = this.#byField.get(key.field);
    for (const value of key.values) {
      const items = byValue?.get(value);
      items?.delete(item);
      if (items?.size === 0) byValue?.delete(value);
    }
    if (byValue?.size === 0) this.#byField.delete(key.field);
  }

  candidates(records: readonly JsonObject[]): Set<Item> {
    const found = new Set(this.#unindexed);
    for (const [field, byValue] of this.#byField) {
      for (const record of records) {
        const value = equalityValueOf(record, field);
        const items = value === undefined ? undefined : byValue.get(value);
        for (const item of items ?? []) found.add(item);
      }
    }
    return found;
  }
}

const NONE: ReadonlySet<never> = new Set();

/** The field to find a query by: the id of a record where that is required, otherwise what is required most narrowly. */
function keyOf({ equalities }: StreamQuery): { field: string; values: ReadonlySet<string> } | undefined {
  const id = equalities.get("id");
  if (id !== undefined) return { field: "id", values: id };
  let narrowest: { field: string; values: ReadonlySet<string> } | undefined;
  for (const [field, values] of equalities) {
    if (narrowest === undefined || values.size < narrowest.values.size) narrowest = { field, values };
  }
  return narrowest;
}
