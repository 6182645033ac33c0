import { differs, equals, firstOf, isIn, isNotNull, type MakeTest } from "./leaf-test.ts";
import { inOrder } from "./order.ts";

/** Numbers. Order also reads numbers that stand in strings, as PostgreSQL's `numeric` comes; equality does not. */
export const numberLeaf = firstOf(
  ["eq", equals],
  ["neq", differs],
  ...inOrder(byValue),
  ["in", isIn],
  ["is", isNotNull],
);

/** The amount of a currency, which has no `in`. */
export const amountLeaf = firstOf(["eq", equals], ["neq", differs], ...inOrder(byValue), ["is", isNotNull]);

function byValue(order: (difference: number) => boolean): MakeTest {
  return (operand) => {
    const bound = numberOf(operand);
    return (value) => order(numberOf(value) - bound);
  };
}

/** Not a number for anything that is none: no order holds then. */
export function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}
