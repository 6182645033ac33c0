import { isJsonObject } from "../../json.ts";
import {
  differs,
  equals,
  firstOf,
  isIn,
  isNotNull,
  type LeafTest,
  type MakeTest,
  never,
  type SelectOptions,
  scalarsOf,
} from "./leaf-test.ts";
import { inOrder } from "./order.ts";

/** One of the options of a field. They are ordered by position, and one that is no option is in no order. */
export const selectLeaf = firstOf(
  ["in", isIn],
  ["is", isNotNull],
  ["eq", equals],
  ["neq", differs],
  ...inOrder(byPosition),
);

export const ratingLeaf = firstOf(["eq", equals], ["in", isIn], ["is", isNotNull], ...inOrder(byPosition));

/** The code of a currency. */
export const currencyCodeLeaf = firstOf(["in", isIn], ["is", isNotNull]);

/** Several of the options of a field. */
export const multiSelectLeaf = firstOf(["containsAny", containsAny], ["isEmptyArray", isEmptyArray], ["is", isNotNull]);

/** Its operand is not looked at. */
export function isEmptyArray(): LeafTest {
  return (value) => Array.isArray(value) && value.length === 0;
}

function containsAny(operand: Parameters<MakeTest>[0]): LeafTest {
  const values = scalarsOf(operand);
  if (values === undefined) return never;
  const set = new Set<unknown>(values);
  return (value) => Array.isArray(value) && value.some((item) => set.has(item));
}

function byPosition(order: (difference: number) => boolean): MakeTest {
  return (operand) => (value, options) => order(positionOf(value, options) - positionOf(operand, options));
}

/** Not a number for what is no option: the value of an option is a text. */
function positionOf(value: unknown, options: SelectOptions = []): number {
  if (typeof value !== "string") return Number.NaN;
  const index = options.findIndex((option) => isJsonObject(option) && option.value === value);
  const option = options[index];
  if (!isJsonObject(option)) return Number.NaN;
  return typeof option.position === "number" ? option.position : index;
}
