import type { JsonObject } from "../json.ts";
import { callerValuesOf } from "./caller-values.ts";
import { compileCondition } from "./compile-condition.ts";
import type { FieldTypes } from "./field-types.ts";
import type { FilterNode, ParsedFilter } from "./filter.ts";
import { jsonbText, type PrintJsonb } from "./jsonb-text.ts";
import type { Verdict } from "./leaf/leaf-test.ts";

export type { Verdict } from "./leaf/leaf-test.ts";

export interface MatchOptions {
  readonly fieldTypes: FieldTypes;
  /** Records that are deleted softly are matched like others: for events that delete or restore. */
  readonly includesDeleted: boolean;
  /** Where many filters look at the same record. */
  readonly print?: PrintJsonb;
}

/**
 * Judges one record. `"error"` is no match: the filter does not fit the fields of the object, or a value is of another
 * type than its field, and Twenty's matcher would throw.
 */
export type RecordMatcher = (record: JsonObject, options: MatchOptions) => Verdict;

/**
 * Prepares a filter once for all records it will ever meet: dates, patterns and lists are read here. An invalid filter,
 * and one with `{"$caller": …}` that was not bound, matches nothing.
 */
export function compileFilter(filter: ParsedFilter): RecordMatcher {
  return filter.valid && callerValuesOf(filter).size === 0 ? compileNode(filter.root) : () => false;
}

function compileNode(node: FilterNode): RecordMatcher {
  switch (node.kind) {
    case "empty":
      return isAlive;
    case "constant":
      return () => node.matches;
    case "all":
      return untilNot(true, node.of.map(compileNode));
    case "any":
      return untilNot(false, node.of.map(compileNode));
    case "not": {
      const match = compileNode(node.of);
      return (record, options) => negate(match(record, options));
    }
    case "condition": {
      const test = compileCondition(node);
      return (record, options) => {
        const { fieldTypes, print = jsonbText } = options;
        return isAlive(record, options) && test(record, fieldTypes, print);
      };
    }
  }
}

/** The first verdict that is another one: what follows it is not looked at, so an error there does no harm. */
function untilNot(expected: boolean, matchers: readonly RecordMatcher[]): RecordMatcher {
  return (record, options) => {
    for (const match of matchers) {
      const verdict = match(record, options);
      if (verdict !== expected) return verdict;
    }
    return expected;
  };
}

function negate(verdict: Verdict): Verdict {
  return verdict === "error" ? verdict : !verdict;
}

/** Every condition asks this first, whatever it asks next; a condition on `deletedAt` as well. */
function isAlive(record: JsonObject, { includesDeleted }: MatchOptions): boolean {
  return includesDeleted || !Object.hasOwn(record, "deletedAt") || record.deletedAt == null;
}
