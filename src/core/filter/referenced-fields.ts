import { assertNever } from "../errors.ts";
import type { FilterNode, ParsedFilter } from "./filter.ts";

/**
 * The names of all fields that a filter has a condition on, as they stand in it: a relation may be there by its own
 * name or by that of its column. One that a bound filter no longer looks at is not among them.
 */
export function referencedFields(filter: ParsedFilter): ReadonlySet<string> {
  const names = new Set<string>();
  if (filter.valid) collect(filter.root, names);
  return names;
}

function collect(node: FilterNode, into: Set<string>): void {
  switch (node.kind) {
    case "empty":
    case "constant":
      return;
    case "all":
    case "any":
      for (const child of node.of) collect(child, into);
      return;
    case "not":
      collect(node.of, into);
      return;
    case "condition":
      into.add(node.field);
      return;
    default:
      assertNever(node);
  }
}
