import { kindOfType, RELATION, TS_VECTOR } from "../filter/field-kinds.ts";
import type { FieldMetadata, ObjectMetadata } from "../pubsub/message.ts";

/** What is known of an object's fields, from the batch and from the snapshot. */
export interface KnownFields {
  /** Whether a field is a relation; undefined when nobody says what it is. */
  readonly isRelation: (name: string) => boolean | undefined;
  /** The columns that a field is told by besides its name, should it be a relation. */
  readonly columnsOf: (name: string) => readonly string[];
  readonly all: readonly FieldMetadata[];
}

/** One of the two that calls a field a relation is enough: what is taken for one is under more rules. */
export function knownFields(
  metadata: ObjectMetadata | undefined,
  snapshot: Readonly<Record<string, string>>,
): KnownFields {
  const ofSnapshot = Object.entries(snapshot).map(([name, type]): FieldMetadata => ({ name, type }));
  const all = [...(metadata?.fields ?? []), ...ofSnapshot];
  const byName = Map.groupBy(all, ({ name }) => name);
  const isRelation = (name: string) => byName.get(name)?.some(({ type }) => kindOfType(type) === RELATION);
  const columnsOf = (name: string) => {
    if (isRelation(name) === false) return [];
    const columns = byName.get(name)?.flatMap(({ joinColumnName }) => joinColumnName ?? []) ?? [];
    return columns.length > 0 ? columns : [`${name}Id`];
  };
  return { isRelation, columnsOf, all };
}

/**
 * The names under which restricted fields could be told. A relation and its column are one field, whichever of them is
 * restricted; a search column holds the words of all fields.
 */
export function hiddenFields(
  restricted: ReadonlySet<string>,
  { isRelation, columnsOf, all }: KnownFields,
): Set<string> {
  const hidden = new Set(restricted);
  if (hidden.size === 0) return hidden;
  for (const { name } of all) {
    if (columnsOf(name).some((column) => restricted.has(column))) hidden.add(name);
  }
  for (const column of restricted) {
    const name = column.endsWith("Id") ? column.slice(0, -2) : "";
    if (name !== "" && isRelation(name) !== false) hidden.add(name);
  }
  for (const name of [...hidden]) for (const column of columnsOf(name)) hidden.add(column);
  for (const { name, type } of all) if (kindOfType(type) === TS_VECTOR) hidden.add(name);
  return hidden.add("searchVector");
}
