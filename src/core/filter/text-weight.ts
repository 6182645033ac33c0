import { conditionsOf } from "./conditions.ts";
import type { Operand, Operator, Operators, ParsedFilter } from "./filter.ts";
import { splitWords } from "./words.ts";

/**
 * How many times a filter may read a whole text or list: once for each pattern, each word that is searched for and each
 * `containsAny`, and for a pattern with `_` once for each 32 of its characters. What else is in a filter does not grow
 * with the record.
 */
export function textWeightOf(filter: ParsedFilter): number {
  const leaves = conditionsOf(filter).flatMap(({ operators, subFields }) => [operators, ...subFields.values()]);
  return sum(leaves.map(weightOfOperators));
}

function weightOfOperators(operators: Operators): number {
  return sum(Array.from(operators, weightOfOperator));
}

function weightOfOperator([operator, operand]: readonly [Operator, Operand]): number {
  if (operator === "containsAny") return 1;
  if (typeof operand !== "string") return 0;
  switch (operator) {
    case "like":
    case "ilike":
      return operand.includes("_") ? Math.ceil(operand.length / WILDCARD_STEP) : 1;
    case "containsIlike":
      return 1;
    case "search":
      return splitWords(operand).length;
    default:
      return 0;
  }
}

/** So many characters of a pattern with wildcards are compared in one step. */
const WILDCARD_STEP = 32;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
