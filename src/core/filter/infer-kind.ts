import {
  ANY_COMPOSITE,
  ARRAY,
  BOOLEAN,
  DATE,
  type FieldKind,
  MULTI_SELECT,
  NUMBER,
  RAW_JSON,
  RELATION,
  RICH_TEXT,
  TEXT,
  TS_VECTOR,
} from "./field-kinds.ts";
import type { Condition, Operators } from "./filter.ts";
import { parseDate } from "./parse-date.ts";

/** Guesses how a field of unknown type is matched, from its value and from what is asked of it. */
export function compileInference({ operators, subFields }: Condition): (value: unknown) => FieldKind {
  if (subFields.size > 0) {
    const kind = subFields.has("markdown") || subFields.has("blocknote") ? RICH_TEXT : ANY_COMPOSITE;
    return () => kind;
  }
  const ofString = kindOfStrings(operators);
  const ofList = kindOfLists(operators);
  const ofObject = operators.has("like") || operators.has("ilike") ? RAW_JSON : RELATION;
  return (value) => {
    if (typeof value === "number") return NUMBER;
    if (typeof value === "boolean") return BOOLEAN;
    if (Array.isArray(value)) return ofList;
    if (typeof value === "object") return ofObject;
    return ofString === DATE && parseDate(value) === undefined ? TEXT : ofString;
  };
}

function kindOfStrings(operators: Operators): FieldKind {
  if (operators.has("search")) return TS_VECTOR;
  return comparesDates(operators) ? DATE : TEXT;
}

function kindOfLists(operators: Operators): FieldKind {
  if (operators.has("containsAny")) return MULTI_SELECT;
  return operators.has("like") || operators.has("ilike") ? RAW_JSON : ARRAY;
}

/** Whether everything that a value is compared with is a date. */
function comparesDates(operators: Operators): boolean {
  const operands = COMPARISONS.flatMap((operator) => {
    const operand = operators.get(operator);
    return operand === undefined ? [] : operand;
  });
  return operands.length > 0 && operands.every((operand) => parseDate(operand) !== undefined);
}

const COMPARISONS = ["eq", "neq", "in", "gt", "gte", "lt", "lte"] as const;
