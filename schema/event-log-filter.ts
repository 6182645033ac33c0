import type { JsonObject } from "../src/core/json.ts";
import { once } from "../src/core/once.ts";
import { codedError } from "../src/core/operation/coded-error.ts";

/** The input `EventLogFieldFilterInput`: a column of a row is one of some values, or none of them. */
export interface EventLogFieldFilter {
  readonly field: string;
  readonly operand: "IS" | "IS_NOT";
  readonly values: readonly string[];
}

const MAX_FILTERS = 20;
const MAX_VALUES = 100;

/**
 * Rows times filters are compared for every message.
 * @throws GraphQLError when these are too many
 */
export function assertFewFilters(filters: readonly EventLogFieldFilter[]): void {
  const areFew = filters.length <= MAX_FILTERS && filters.every(({ values }) => values.length <= MAX_VALUES);
  if (!areFew) {
    throw codedError("BAD_USER_INPUT", `There may be ${MAX_FILTERS} field filters of ${MAX_VALUES} values each.`);
  }
}

/**
 * Tells whether a row passes every filter. A column that is not there, or holds no plain value, counts as the empty text.
 * Made once for all rows of a message: each of a thousand rows would be compared with two thousand values.
 */
export function compileFilters(filters: readonly EventLogFieldFilter[]): (row: JsonObject) => boolean {
  const tests = filters.map(({ field, operand, values }) => ({
    field,
    // Most messages hold a row or two, and most rows fail the first filter: the others are then not worth a set.
    values: once(() => new Set(values)),
    isIn: operand === "IS",
  }));
  return (row) =>
    tests.every(({ field, values, isIn }) => {
      const value = Object.hasOwn(row, field) ? row[field] : undefined;
      const text = value == null || typeof value === "object" ? "" : String(value);
      return values().has(text) === isIn;
    });
}
