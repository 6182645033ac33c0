import { GatewayError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { EventProperties } from "./message.ts";
import { type Read, readList, readObject, readOptional, readString, readText, refuse } from "./read-field.ts";
import { withoutSecretFields } from "./secret-fields.ts";

/** Reads the events of a batch: 1 to `maxEvents` of them. */
export function readEvents<Event>(value: unknown, maxEvents: number, read: Read<Event>): readonly Event[] {
  if (!Array.isArray(value) || value.length === 0) refuse("events", `a list of 1 to ${maxEvents} events`);
  if (value.length > maxEvents) {
    throw new GatewayError("TOO_LARGE", `events: expected at most ${maxEvents} events in a message.`);
  }
  return readList(value, "events", read);
}

/** Reads what changed, and leaves the secret fields of the object behind. */
export function readProperties(value: unknown, path: string, secret: ReadonlySet<string> | undefined): EventProperties {
  const { updatedFields, before, after, diff } = readObject(value, path);
  const properties = {
    updatedFields: readOptional(updatedFields, `${path}.updatedFields`, readStrings),
    before: readOptional(before, `${path}.before`, readObject),
    after: readOptional(after, `${path}.after`, readObject),
    diff: readOptional(diff, `${path}.diff`, readObject),
  };
  return withoutSecretFields(properties, secret);
}

/** The id of the changed record: the event's own, else that of the record in it. */
export function readRecordId(event: JsonObject, { after, before }: EventProperties, path: string): string {
  return readText(event.recordId ?? after?.id ?? before?.id, `${path}.recordId (or id of after or before)`);
}

function readStrings(value: unknown, path: string): readonly string[] {
  return readList(value, path, readString);
}
