import { conditionsOf } from "./conditions.ts";
import type { ParsedFilter } from "./filter.ts";

/**
 * The names of all fields that a filter has a condition on, as they stand in it: a relation may be there by its own
 * name or by that of its column. One that a bound filter no longer looks at is not among them.
 */
export function referencedFields(filter: ParsedFilter): ReadonlySet<string> {
  return new Set(conditionsOf(filter).map(({ field }) => field));
}
