import { compileFilter, type RecordMatcher } from "../filter/compile-filter.ts";
import { countNodes } from "../filter/count-nodes.ts";
import { type InvalidReason, isEmptyFilter } from "../filter/filter.ts";
import { type LookupKey, lookupKeysOf } from "../filter/lookup-keys.ts";
import type { FilterLimits } from "../filter/measure-filter.ts";
import { parseFilter } from "../filter/parse-filter.ts";
import { referencedFields } from "../filter/referenced-fields.ts";
import { textWeightOf } from "../filter/text-weight.ts";
import { isJsonObject, type JsonObject } from "../json.ts";

/** A query of an event stream: which records its client shows. */
export interface StreamQuery {
  readonly id: string;
  /** Undefined for a query that is not about records, which matches none. */
  readonly objectNameSingular: string | undefined;
  /** Asks nothing of a record: matches without looking at one. */
  readonly isUnfiltered: boolean;
  readonly matches: RecordMatcher;
  /** Fields that it has a condition on. */
  readonly fields: ReadonlySet<string>;
  /** Conditions and groups that a record may be compared with. */
  readonly nodes: number;
  /** A record that it matches has one of them; undefined where nothing can be said. */
  readonly keys: readonly LookupKey[] | undefined;
  /** How many times it may read a whole text of a record. */
  readonly textWeight: number;
  /** Why it matches nothing, where that is so. */
  readonly invalid?: InvalidReason;
  /** What is stored of it, as JSON: enough to make it again. */
  readonly text: string;
}

/**
 * Makes a query of Twenty's operation signature, `{objectNameSingular, variables: {filter?}}`; what else is in it does
 * not matter to events. Any filter within the limits is taken, and a wrong one matches nothing.
 * @throws GatewayError QUERY_TOO_LARGE
 */
export function parseStreamQuery(id: string, signature: unknown, limits: FilterLimits): StreamQuery {
  const { objectNameSingular, variables } = isJsonObject(signature) ? signature : ({} as JsonObject);
  const name = typeof objectNameSingular === "string" ? objectNameSingular : undefined;
  const filter = isJsonObject(variables) ? variables.filter : undefined;
  const parsed = parseFilter(filter, limits);
  return {
    id,
    objectNameSingular: name,
    isUnfiltered: isEmptyFilter(parsed),
    matches: compileFilter(parsed),
    fields: referencedFields(parsed),
    nodes: countNodes(parsed),
    keys: lookupKeysOf(parsed),
    textWeight: textWeightOf(parsed),
    ...(!parsed.valid && { invalid: parsed.reason }),
    text: JSON.stringify({ objectNameSingular: name, variables: { filter } }),
  };
}
