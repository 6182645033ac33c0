import { assertNever } from "../errors.ts";
import type { Condition, FilterNode, ParsedFilter } from "./filter.ts";

/** Every condition of a filter, wherever in it; of a bound one those that it still looks at. */
export function conditionsOf(filter: ParsedFilter): readonly Condition[] {
  return filter.valid ? conditionsIn(filter.root) : [];
}

function conditionsIn(node: FilterNode): readonly Condition[] {
  switch (node.kind) {
    case "empty":
    case "constant":
      return [];
    case "all":
    case "any":
      return node.of.flatMap(conditionsIn);
    case "not":
      return conditionsIn(node.of);
    case "condition":
      return [node];
    default:
      return assertNever(node);
  }
}
