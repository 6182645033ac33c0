import type { FieldMetadata, ObjectMetadata } from "../pubsub/message.ts";
import { type FieldKind, kindOfType, RELATION, UUID } from "./field-kinds.ts";
import type { SelectOptions } from "./leaf/leaf-test.ts";

export interface FieldType {
  readonly kind: FieldKind;
  readonly options: SelectOptions;
}

/** What is known of the fields of an object. Made once for a batch, and asked for each condition. */
export interface FieldTypes {
  /** By the name of a field or of the column of a relation. */
  readonly types: ReadonlyMap<string, FieldType>;
  /** All fields of the object are there: one that is not is a mistake of the filter. */
  readonly isComplete: boolean;
}

/**
 * The types of an object's fields: those of the batch, then those of the permission snapshot. For a field in neither the
 * type is inferred from the record and the condition.
 */
export function fieldTypesOf(
  metadata: ObjectMetadata | undefined,
  snapshot: Readonly<Record<string, string>> = {},
): FieldTypes {
  const types = new Map<string, FieldType>();
  const fields = metadata?.fields ?? [];
  const known = Object.entries(snapshot).map(([name, type]): FieldMetadata => ({ name, type }));
  for (const { name, type, options } of [...known, ...fields]) types.set(name, { kind: kindOfType(type), options });
  for (const field of [...fields, ...known]) {
    const column = joinColumnOf(field);
    // A field of that name goes before a column.
    if (column !== undefined && !types.has(column)) types.set(column, { kind: UUID, options: undefined });
  }
  return { types, isComplete: fields.length > 0 };
}

/** The column that holds the id of a related record: `companyId` of `company`, unless it has a name of its own. */
function joinColumnOf({ name, type, joinColumnName }: FieldMetadata): string | undefined {
  return kindOfType(type) === RELATION ? (joinColumnName ?? `${name}Id`) : undefined;
}
