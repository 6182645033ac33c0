import { isJsonObject, type JsonObject } from "../json.ts";

/** How a record of one object is cut down to what a class of callers may see. */
export interface Redaction {
  readonly isHidden: (field: string) => boolean;
  /** Undefined when nobody says what a field is. */
  readonly isRelation: (field: string) => boolean | undefined;
}

/** A record without hidden fields, and without what other records stand in it. The record itself is left as it is. */
export function redactRecord(record: JsonObject, { isHidden, isRelation }: Redaction): JsonObject {
  const fields = Object.entries(record).filter(([name]) => !isHidden(name));
  return Object.fromEntries(fields.map(([name, value]) => [name, redactValue(value, isRelation(name))]));
}

/** A diff has, for each field, the value before and after. */
export function redactDiff(diff: JsonObject, redaction: Redaction): JsonObject {
  const fields = Object.entries(diff).filter(([name]) => !redaction.isHidden(name));
  return Object.fromEntries(
    fields.map(([name, change]) => {
      const isRelation = redaction.isRelation(name);
      if (!isJsonObject(change) || !Object.keys(change).every(isSide)) return [name, redactValue(change, isRelation)];
      return [
        name,
        Object.fromEntries(Object.entries(change).map(([at, value]) => [at, redactValue(value, isRelation)])),
      ];
    }),
  );
}

function isSide(key: string): boolean {
  return key === "before" || key === "after";
}

/**
 * A record within a record is of an object that the event does not name, so nothing says who may see it: only its id is
 * left. It is recognised by the field, and where nobody says what that is by having an id.
 */
function redactValue(value: unknown, isRelation: boolean | undefined): unknown {
  if (isRelation === false) return value;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, isRelation));
  if (!isJsonObject(value)) return value;
  const hasId = Object.hasOwn(value, "id");
  if (hasId || isRelation === true) return hasId && typeof value.id === "string" ? { id: value.id } : {};
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redactValue(member, undefined)]));
}
