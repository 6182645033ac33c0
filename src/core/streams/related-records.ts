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

/** The related records of one record of a message. */
export type FindRelated = (record: JsonObject) => JsonObject | readonly JsonObject[] | null;

/**
 * Prepares the search in a field's related records, each of which is looked at once. Of a field whose column a record
 * has, it is the one that the column names; of any other field, those that name the record in a column of their own.
 */
export function findRelated(
  { objectNameSingular, objectMetadata }: Pick<RecordMessage, "objectNameSingular" | "objectMetadata">,
  field: string,
  records: readonly JsonObject[],
): FindRelated {
  const column = objectMetadata?.fields?.find(({ name }) => name === field)?.joinColumnName ?? `${field}Id`;
  const byId = new Map(records.map((record) => [record.id, record]));
  const byOwner = Map.groupBy(records, (record) => record[`${objectNameSingular}Id`]);
  return (record) => {
    if (Object.hasOwn(record, column)) return record[column] == null ? null : (byId.get(record[column]) ?? null);
    return record.id == null ? [] : (byOwner.get(record.id) ?? []);
  };
}
