import type { JsonObject } from "../json.ts";
import type { EventProperties } from "./message.ts";

/** Object name to the names of its fields that nobody may see, as in `Settings`. */
export type SecretFields = ReadonlyMap<string, ReadonlySet<string>>;

/** A change without the secret fields of its object. `updatedFields` may be left empty: it stays, and says so. */
export function withoutSecretFields(
  properties: EventProperties,
  secret: ReadonlySet<string> | undefined,
): EventProperties {
  if (secret === undefined) return properties;
  const { updatedFields, before, after, diff } = properties;
  return {
    updatedFields: updatedFields?.filter((field) => !secret.has(field)),
    before: before && withoutKeys(before, secret),
    after: after && withoutKeys(after, secret),
    diff: diff && withoutKeys(diff, secret),
  };
}

/** A record without some of its fields. */
export function withoutKeys(record: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.has(key)));
}
