import { DATABASE_EVENT_ACTIONS, type RecordMessage } from "./message.ts";
import type { MessageRules } from "./message-rules.ts";
import { readProperties, readRecordId } from "./read-event.ts";
import { readIdentifier, readObject, readOneOf, readString } from "./read-field.ts";

/**
 * Turns what January 2026's Twenty published on `DATABASE_EVENT_CHANNEL`, one event already shaped for `onDbEvent`, back
 * into the record event that it was made of, so that it is under the same rules as any other.
 */
export function parseDatabaseEventPayload(payload: unknown, rules: MessageRules): RecordMessage {
  const path = "payload.onDbEvent";
  const event = readObject(readObject(payload, "payload").onDbEvent, path);
  const action = readAction(event.action, `${path}.action`);
  const objectNameSingular = readIdentifier(event.objectNameSingular, `${path}.objectNameSingular`);
  const record = readObject(event.record, `${path}.record`);
  // `record` was `after ?? before`, and only of a destroyed record there is nothing after.
  const written = action === "destroyed" ? { before: record } : { after: record };
  const properties = readProperties(
    { ...written, updatedFields: event.updatedFields },
    path,
    rules.secretFields.get(objectNameSingular),
  );
  const recordId = readRecordId({}, properties, path);
  return { kind: "record", objectNameSingular, action, events: [{ recordId, properties }] };
}

/** Its enum travelled by value (`created`) or by key (`CREATED`), as the publisher had it. */
function readAction(value: unknown, path: string): RecordMessage["action"] {
  return readOneOf(readString(value, path).toLowerCase(), path, DATABASE_EVENT_ACTIONS);
}
