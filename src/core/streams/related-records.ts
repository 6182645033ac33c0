import { isJsonObject, type JsonObject } from "../json.ts";
import type { RecordMessage, RelatedRecords } from "../pubsub/message.ts";
import type { SecretFields } from "../pubsub/secret-fields.ts";
import { withoutKeys } from "../pubsub/secret-fields.ts";

/** Records beside a message, by the field of the relation that leads to them. */
export type RelatedByField = Readonly<Record<string, RelatedRecords>>;

/**
 * Reads what an enricher returned, `{field: {objectNameSingular, records}}`; what is not of that shape is left out, and
 * so are secret fields.
 */
export function readRelatedRecords(value: unknown, secretFields: SecretFields): RelatedByField {
  if (!isJsonObject(value)) return {};
  const read: Record<string, RelatedRecords> = {};
  for (const [field, related] of Object.entries(value)) {
    if (!isJsonObject(related) || typeof related.objectNameSingular !== "string") continue;
    if (!Array.isArray(related.records)) continue;
    const secret = secretFields.get(related.objectNameSingular) ?? new Set();
    const records = related.records.filter(isJsonObject).map((record) => withoutKeys(record, secret));
    read[field] = { objectNameSingular: related.objectNameSingular, records };
  }
  return read;
}

/**
 * The related records of one record: of a field whose column the record has, the one that the column names; of any other
 * field, those that name the record in a column of their own.
 */
export function relatedOf(
  record: JsonObject,
  { objectNameSingular, objectMetadata }: Pick<RecordMessage, "objectNameSingular" | "objectMetadata">,
  field: string,
  records: readonly JsonObject[],
): JsonObject | readonly JsonObject[] | null {
  const column = objectMetadata?.fields?.find(({ name }) => name === field)?.joinColumnName ?? `${field}Id`;
  if (Object.hasOwn(record, column)) return records.find(({ id }) => id === record[column]) ?? null;
  const inverse = `${objectNameSingular}Id`;
  return records.filter((related) => related[inverse] === record.id);
}
