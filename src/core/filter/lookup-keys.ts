import { assertNever } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { Condition, FilterNode, Operand, Operator, Operators, ParsedFilter } from "./filter.ts";
import { literalOf } from "./like-pattern.ts";
import { parseDate } from "./parse-date.ts";

/** What a record has in one place, if a filter is to match it. */
export type LookupKey = { readonly place: Place } & (
  | { readonly kind: "equals"; readonly text: string }
  | { readonly kind: "within"; readonly low: number; readonly high: number }
  /** Folded code points, three at least. */
  | { readonly kind: "contains"; readonly literal: readonly number[] }
);

/** A field of a record, or a part of a composite one. */
export interface Place {
  readonly field: string;
  readonly part?: string;
}

/**
 * Keys by which a filter is found from a record: a record that matches has at least one of them; the reverse does not
 * hold. Undefined where nothing can be said. An UPDATED event is matched by two records: both must be looked up.
 */
export function lookupKeysOf(filter: ParsedFilter): readonly LookupKey[] | undefined {
  return filter.valid ? keysOf(filter.root) : undefined;
}

/** What is looked up of a record in a place; undefined where a record has no such place. */
export function valueAt(record: JsonObject, { field, part }: Place): unknown {
  const value = Object.hasOwn(record, field) ? record[field] : undefined;
  if (part === undefined || value === null) return value;
  if (!isJsonObject(value)) return undefined;
  return Object.hasOwn(value, part) ? value[part] : null;
}

type Keys = readonly LookupKey[] | undefined;

function keysOf(node: FilterNode): Keys {
  switch (node.kind) {
    case "empty":
    case "constant":
    case "not":
      return undefined;
    case "all":
      return narrowest(node.of.map(keysOf));
    case "any": {
      const keys = node.of.map(keysOf);
      return keys.every((of) => of !== undefined) ? keys.flat() : undefined;
    }
    case "condition":
      return keysOfCondition(node);
    default:
      return assertNever(node);
  }
}

/** Of several filters that must all match, the one that the fewest records will be found for. */
function narrowest(all: readonly Keys[]): Keys {
  let best: Keys;
  for (const keys of meet(all)) {
    if (keys !== undefined && (best === undefined || width(keys) < width(best))) best = keys;
  }
  return best;
}

/** Two bounds of one place are two conditions: together they are a range. */
function meet(all: readonly Keys[]): readonly Keys[] {
  const ranges = new Map<string, LookupKey & { readonly kind: "within" }>();
  const others: Keys[] = [];
  for (const keys of all) {
    const [key, ...more] = keys ?? [];
    if (key?.kind !== "within" || more.length > 0) {
      others.push(keys);
      continue;
    }
    const at = placeKey(key.place);
    const { low, high } = ranges.get(at) ?? key;
    ranges.set(at, { ...key, low: Math.max(low, key.low), high: Math.min(high, key.high) });
  }
  return [...others, ...Array.from(ranges.values(), (range) => [range])];
}

/** Tells two places apart. */
export function placeKey({ field, part }: Place): string {
  return JSON.stringify([field, part]);
}

/** A guess at how many records have such keys: the id of a record has one. */
function width(keys: readonly LookupKey[]): number {
  return keys.reduce((sum, key) => sum + widthOf(key), 0);
}

function widthOf(key: LookupKey): number {
  switch (key.kind) {
    case "equals":
      return key.place.field === "id" ? 0 : 1;
    case "contains":
      return 10;
    case "within":
      return key.high - key.low < Number.POSITIVE_INFINITY ? 100 : 1000;
  }
}

function keysOfCondition({ field, operators, subFields }: Condition): Keys {
  if (subFields.size === 0) return keysOfOperators({ field }, operators);
  // Formatted text is matched by its Markdown alone, which does not stand in a part in every record.
  if (operators.size > 0 || subFields.has("markdown") || subFields.has("blocknote")) return undefined;
  return narrowest(Array.from(subFields, ([part, ofPart]) => keysOfOperators({ field, part }, ofPart)));
}

/** Of one operator alone: which of several would be looked at depends on the type of the field. */
function keysOfOperators(place: Place, operators: Operators): Keys {
  const [first, ...more] = operators;
  return first === undefined || more.length > 0 ? undefined : keysOfOperator(place, ...first);
}

function keysOfOperator(place: Place, operator: Operator, operand: Operand): Keys {
  switch (operator) {
    case "eq":
    case "in":
      return exactTexts(operand)?.map((text) => ({ place, kind: "equals", text }));
    case "gt":
    case "gte":
      return typeof operand === "number" ? [{ place, kind: "within", low: operand, high: Infinity }] : undefined;
    case "lt":
    case "lte":
      return typeof operand === "number" ? [{ place, kind: "within", low: -Infinity, high: operand }] : undefined;
    case "like":
    case "ilike":
      return typeof operand === "string" ? containing(place, literalOf(operand)) : undefined;
    default:
      return undefined;
  }
}

/** Texts that only the same text equals: dates are compared as instants, and other values are no texts. */
function exactTexts(operand: Operand): readonly string[] | undefined {
  const items: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const isExact = (item: unknown) => typeof item === "string" && parseDate(item) === undefined;
  return items.every(isExact) ? items.map(String) : undefined;
}

const SHORTEST_LITERAL = 3;

function containing(place: Place, literal: readonly number[]): Keys {
  return literal.length < SHORTEST_LITERAL ? undefined : [{ place, kind: "contains", literal }];
}
