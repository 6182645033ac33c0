import { compileIlike, compileLike } from "../like-pattern.ts";
import { differs, equals, firstOf, isIn, isNotNull, overStrings, withString } from "./leaf-test.ts";
import { inOrder } from "./order.ts";

/** Text. It is ordered as JavaScript orders strings, by UTF-16 units. */
export const stringLeaf = firstOf(
  ["eq", equals],
  ["neq", differs],
  ...inOrder((order) => withString((operand) => overStrings((value) => order(compare(value, operand))))),
  ["like", withString((pattern) => overStrings(compileLike(pattern)))],
  ["ilike", withString((pattern) => overStrings(compileIlike(pattern)))],
  ["in", isIn],
  ["is", isNotNull],
  ["startsWith", withString((start) => overStrings((value) => value.startsWith(start)))],
);

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
