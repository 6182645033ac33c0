import type { JsonObject } from "../json.ts";
import { readProperties } from "./read-event.ts";
import { type Read, readIdentifier, readList, readObject, readOptional } from "./read-field.ts";
import type { SecretFields } from "./secret-fields.ts";

/**
 * What a server of Twenty made for one event stream, kept as it is but for secret fields. The records in it are checked
 * when they are delivered, so each must say of which object it is.
 */
export function readEventStreamPayload(payload: unknown, secretFields: SecretFields): JsonObject {
  const lists = {
    objectRecordEventsWithQueryIds: entryReader("objectRecordEvent", "objectNameSingular", secretFields),
    // The shape of January 2026.
    eventWithQueryIdsList: entryReader("event", "objectNameSingular", secretFields),
    metadataEvents: changeReader("metadataName", secretFields),
    // Between the two, for a while.
    metadataEventsWithQueryIds: entryReader("metadataEvent", "metadataName", secretFields),
  };
  const read = { ...readObject(payload, "payload") };
  for (const [name, readItem] of Object.entries(lists)) {
    const list = readOptional(read[name], `payload.${name}`, (value, path) => readList(value, path, readItem));
    if (list !== undefined) read[name] = list;
  }
  return read;
}

/** An event together with the ids of the queries that it matches. */
function entryReader(member: string, nameKey: string, secretFields: SecretFields): Read<JsonObject> {
  const readChange = changeReader(nameKey, secretFields);
  return function readEntry(value, path) {
    const entry = readObject(value, path);
    return { ...entry, [member]: readChange(entry[member], `${path}.${member}`) };
  };
}

function changeReader(nameKey: string, secretFields: SecretFields): Read<JsonObject> {
  return function readChange(value, path) {
    const event = readObject(value, path);
    const secret = secretFields.get(readIdentifier(event[nameKey], `${path}.${nameKey}`));
    return { ...event, properties: readProperties(event.properties, `${path}.properties`, secret) };
  };
}
