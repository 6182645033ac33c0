import type { Operand } from "../filter.ts";
import { parseDate } from "../parse-date.ts";
import { firstOf, isNotNull, type Leaf, type LeafTest, type MakeTest, never, scalarsOf } from "./leaf-test.ts";
import { inOrder } from "./order.ts";

/** Dates and date-times, compared as instants. What is no date, here or in the record, matches nothing. */
export const dateLeaf: Leaf = (operators) => (operators.get("is") === "NULL" ? never : compared(operators));

const compared = firstOf(
  ["eq", onInstant((instant, operand) => instant === operand)],
  ["neq", onInstant((instant, operand) => instant !== operand)],
  ["in", isInstantIn],
  ...inOrder((order) => onInstant((instant, operand) => order(instant - operand))),
  ["is", isNotNull],
);

function onInstant(holds: (instant: number, operand: number) => boolean): MakeTest {
  return (operand) => {
    const bound = parseDate(operand);
    return bound === undefined ? never : overInstants((instant) => holds(instant, bound));
  };
}

function isInstantIn(operand: Operand): LeafTest {
  const instants = new Set(scalarsOf(operand)?.map(parseDate));
  return overInstants((instant) => instants.has(instant));
}

function overInstants(test: (instant: number) => boolean): LeafTest {
  return (value) => {
    const instant = parseDate(value);
    return instant !== undefined && test(instant);
  };
}
