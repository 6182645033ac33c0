import { assertNever } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { Condition, FilterNode, Operand, ParsedFilter } from "./filter.ts";
import { parseDate } from "./parse-date.ts";

/** For some fields, the values of which a matching record has one in each. */
export type RequiredEqualities = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What every record that matches has in common, so that a query is found by the values of a record. A record that
 * matches has, in each of these fields, an `equalityValueOf` that is in its set; the reverse does not hold. An empty set
 * is a filter that no record matches. An UPDATED event is matched by two records: both must be looked up.
 */
export function requiredEqualities(filter: ParsedFilter): RequiredEqualities {
  return filter.valid ? requiredBy(filter.root) : NOTHING;
}

/** What a field is looked up by: its own text, or the id of the related record in it. */
export function equalityValueOf(record: JsonObject, field: string): string | undefined {
  const value = Object.hasOwn(record, field) ? record[field] : undefined;
  if (typeof value === "string") return value;
  return isJsonObject(value) && Object.hasOwn(value, "id") && typeof value.id === "string" ? value.id : undefined;
}

const NOTHING: RequiredEqualities = new Map();

function requiredBy(node: FilterNode): RequiredEqualities {
  switch (node.kind) {
    case "empty":
    case "constant":
    case "not":
      return NOTHING;
    case "all":
      return node.of.map(requiredBy).reduce(both, NOTHING);
    case "any":
      return node.of.map(requiredBy).reduce(either);
    case "condition":
      return requiredByCondition(node);
    default:
      return assertNever(node);
  }
}

/** What two filters require together: of a field in both, the values that are in both. */
function both(left: RequiredEqualities, right: RequiredEqualities): RequiredEqualities {
  const merged = new Map(left);
  for (const [field, values] of right) {
    const others = left.get(field);
    merged.set(field, others === undefined ? values : new Set([...values].filter((value) => others.has(value))));
  }
  return merged;
}

/** What one of two filters requires: only fields in both, the values of either. */
function either(left: RequiredEqualities, right: RequiredEqualities): RequiredEqualities {
  const common = new Map<string, ReadonlySet<string>>();
  for (const [field, values] of right) {
    const others = left.get(field);
    if (others !== undefined) common.set(field, new Set([...others, ...values]));
  }
  return common;
}

/** A condition with `eq` or `in` alone: which of several would be looked at depends on the type of the field. */
function requiredByCondition({ field, operators, subFields }: Condition): RequiredEqualities {
  const [first, ...more] = operators;
  if (first === undefined || more.length > 0 || subFields.size > 0) return NOTHING;
  const [operator, operand] = first;
  if (operator !== "eq" && operator !== "in") return NOTHING;
  const values = exactTexts(operand);
  return values === undefined ? NOTHING : new Map([[field, new Set(values)]]);
}

/** Texts that only the same text equals: dates are compared as instants, and other values are no texts. */
function exactTexts(operand: Operand): readonly string[] | undefined {
  const items: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const isExact = (item: unknown) => typeof item === "string" && parseDate(item) === undefined;
  return items.every(isExact) ? items.map(String) : undefined;
}
