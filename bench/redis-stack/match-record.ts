import { isJsonObject, type JsonObject } from "../../src/core/json.ts";

/** A field's type, as far as the persons of the benchmark have them. */
export type FieldType = "TEXT" | "UUID" | "NUMBER" | "FULL_NAME";

/**
 * Whether a record matches a filter as it stands in Redis, interpreted anew for every record, as Twenty does it. It has
 * the operators that the benchmark's queries use, and is kinder to Redis than Twenty's: field types are found by name in
 * a map, and a pattern is compiled once.
 */
export function matchesFilter(record: JsonObject, filter: JsonObject, types: ReadonlyMap<string, FieldType>): boolean {
  for (const key in filter) {
    if (!matchesMember(record, key, filter[key], types)) return false;
  }
  return record.deletedAt == null;
}

function matchesMember(
  record: JsonObject,
  key: string,
  value: unknown,
  types: ReadonlyMap<string, FieldType>,
): boolean {
  switch (key) {
    case "and":
      return listOf(value).every((filter) => matchesFilter(record, filter, types));
    case "or": {
      const filters = listOf(value);
      return filters.length === 0 || filters.some((filter) => matchesFilter(record, filter, types));
    }
    case "not":
      return !matchesFilter(record, leafOf(value), types);
    default:
      return matchesField(record[key], types.get(key), leafOf(value));
  }
}

function matchesField(value: unknown, type: FieldType | undefined, leaf: JsonObject): boolean {
  switch (type) {
    case "TEXT":
    case "UUID":
      return matchesText(value, leaf);
    case "NUMBER":
      return matchesNumber(value, leaf);
    case "FULL_NAME": {
      for (const part in leaf) {
        if (!matchesText(isJsonObject(value) ? value[part] : null, leafOf(leaf[part]))) return false;
      }
      return true;
    }
    case undefined:
      throw new TypeError("A filter asks for a field that is not there.");
  }
}

/** Of several operators the first is asked, in this order. */
function matchesText(value: unknown, leaf: JsonObject): boolean {
  if (typeof value !== "string") return leaf.is === "NULL";
  if (leaf.eq !== undefined) return value === leaf.eq;
  if (leaf.neq !== undefined) return value !== leaf.neq;
  if (typeof leaf.ilike === "string") return patternOf(leaf.ilike).test(value);
  if (Array.isArray(leaf.in)) return leaf.in.includes(value);
  if (leaf.is !== undefined) return leaf.is === "NOT_NULL";
  throw new TypeError("A filter has an operator that texts do not have.");
}

function matchesNumber(value: unknown, leaf: JsonObject): boolean {
  if (typeof value !== "number") return leaf.is === "NULL";
  if (leaf.eq !== undefined) return value === leaf.eq;
  if (typeof leaf.gte === "number") return value >= leaf.gte;
  if (typeof leaf.lte === "number") return value <= leaf.lte;
  if (leaf.is !== undefined) return leaf.is === "NOT_NULL";
  throw new TypeError("A filter has an operator that numbers do not have.");
}

const patterns = new Map<string, RegExp>();

function patternOf(ilike: string): RegExp {
  let pattern = patterns.get(ilike);
  if (pattern === undefined) {
    const escaped = ilike.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    pattern = new RegExp(`^${escaped.replaceAll("%", ".*").replaceAll("_", ".")}$`, "isu");
    patterns.set(ilike, pattern);
  }
  return pattern;
}

function listOf(value: unknown): JsonObject[] {
  if (!Array.isArray(value)) throw new TypeError("A filter has a group that is no list.");
  return value as JsonObject[];
}

function leafOf(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw new TypeError("A filter has a condition that is no object.");
  return value;
}
