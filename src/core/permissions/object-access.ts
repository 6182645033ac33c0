import type { ParsedFilter } from "../filter/filter.ts";
import type { Role } from "./snapshot.ts";

/** What a caller may see of an object. */
export interface ObjectAccess {
  readonly restrictedFields: ReadonlySet<string>;
  /** A record must match all of them. */
  readonly rowFilters: readonly ParsedFilter[];
}

/** What several roles leave of an object together; undefined when one of them, or none, cannot read it. */
export function objectAccess(roles: readonly Role[], objectNameSingular: string): ObjectAccess | undefined {
  const rules = roles.map(({ objects }) => objects.get(objects.has(objectNameSingular) ? objectNameSingular : "*"));
  const readable = rules.filter((rule) => rule != null);
  if (rules.length === 0 || readable.length < rules.length) return undefined;
  return {
    restrictedFields: new Set(readable.flatMap(({ restrictedFields }) => [...restrictedFields])),
    rowFilters: readable.flatMap(({ rowFilter }) => rowFilter ?? []),
  };
}
