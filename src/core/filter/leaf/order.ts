import type { Operator } from "../filter.ts";
import type { MakeTest } from "./leaf-test.ts";

/** What the difference of two values must be for each operator of order. A difference that is no number is none. */
const ORDERS = {
  gt: (difference: number) => difference > 0,
  gte: (difference: number) => difference >= 0,
  lt: (difference: number) => difference < 0,
  lte: (difference: number) => difference <= 0,
} as const satisfies { readonly [Name in Operator]?: (difference: number) => boolean };

type Order = (typeof ORDERS)[keyof typeof ORDERS];

/** The four operators of order over one way to compare. */
export function inOrder(makeTest: (order: Order) => MakeTest): readonly (readonly [Operator, MakeTest])[] {
  return [
    ["gt", makeTest(ORDERS.gt)],
    ["gte", makeTest(ORDERS.gte)],
    ["lt", makeTest(ORDERS.lt)],
    ["lte", makeTest(ORDERS.lte)],
  ];
}
