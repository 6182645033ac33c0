import { assertNever } from "../errors.ts";
import type { FilterNode, ParsedFilter } from "./filter.ts";

/** How many conditions and groups of a filter a record may be compared with. A filter that asks nothing is one. */
export function countNodes(filter: ParsedFilter): number {
  return filter.valid ? nodesIn(filter.root) : 0;
}

function nodesIn(node: FilterNode): number {
  switch (node.kind) {
    case "empty":
    case "constant":
      return 1;
    case "all":
    case "any":
      return node.of.reduce((sum, child) => sum + nodesIn(child), 1);
    case "not":
      return 1 + nodesIn(node.of);
    case "condition":
      return 1 + node.subFields.size;
    default:
      return assertNever(node);
  }
}
