import type { JsonObject } from "../json.ts";
import {
  DATABASE_EVENT_ACTIONS,
  type FieldMetadata,
  type ObjectMetadata,
  type RecordEvent,
  type RecordMessage,
} from "./message.ts";
import type { MessageRules } from "./message-rules.ts";
import { readEvents, readProperties, readRecordId } from "./read-event.ts";
import { readIdentifier, readList, readObject, readOneOf, readOptional, readText, refuse } from "./read-field.ts";

/** Parses Twenty's `WorkspaceEventBatch`. The object is the name up to its last dot: names of objects may hold dots. */
export function parseRecordMessage(input: JsonObject, name: string, rules: MessageRules): RecordMessage {
  const dot = name.lastIndexOf(".");
  const objectNameSingular = readIdentifier(name.slice(0, Math.max(dot, 0)), "name up to its last dot");
  const secret = rules.secretFields.get(objectNameSingular);
  return {
    kind: "record",
    objectNameSingular,
    action: readOneOf(name.slice(dot + 1), "name after its last dot", DATABASE_EVENT_ACTIONS),
    objectMetadata: readOptional(input.objectMetadata, "objectMetadata", (value, path) =>
      readObjectMetadata(value, path, objectNameSingular),
    ),
    events: readEvents(input.events, rules.limits.MAX_EVENTS_PER_MESSAGE, (value, path) =>
      readRecordEvent(value, path, secret),
    ),
  };
}

function readRecordEvent(value: unknown, path: string, secret: ReadonlySet<string> | undefined): RecordEvent {
  const event = readObject(value, path);
  const properties = readProperties(event.properties, `${path}.properties`, secret);
  if (properties.after === undefined && properties.before === undefined) {
    refuse(`${path}.properties`, "an after or a before");
  }
  return {
    recordId: readRecordId(event, properties, path),
    userId: readOptional(event.userId, `${path}.userId`, readText),
    workspaceMemberId: readOptional(event.workspaceMemberId, `${path}.workspaceMemberId`, readText),
    properties,
  };
}

function readObjectMetadata(value: unknown, path: string, objectNameSingular: string): ObjectMetadata {
  const { nameSingular, fields } = readObject(value, path);
  if (nameSingular != null && nameSingular !== objectNameSingular) {
    refuse(`${path}.nameSingular`, "the object that the name begins with");
  }
  return {
    nameSingular: objectNameSingular,
    fields: readOptional(fields, `${path}.fields`, (list, at) => readList(list, at, readFieldMetadata)),
  };
}

function readFieldMetadata(value: unknown, path: string): FieldMetadata {
  const { name, type, options, joinColumnName } = readObject(value, path);
  return {
    name: readText(name, `${path}.name`),
    type: readText(type, `${path}.type`),
    options: readOptional(options, `${path}.options`, (list, at) => readList(list, at, (option) => option)),
    joinColumnName: readOptional(joinColumnName, `${path}.joinColumnName`, readText),
  };
}
