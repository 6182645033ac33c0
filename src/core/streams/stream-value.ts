import type { JsonObject } from "../json.ts";
import type {
  DatabaseEventAction,
  JobStatus,
  MetadataEvent,
  MetadataMessage,
  RecordEvent,
  RecordMessage,
} from "../pubsub/message.ts";

/** What one `next` of an event stream holds, in the shape of the schema. Lists that are left out are empty. */
export interface StreamValue {
  readonly events?: readonly EventWithQueryIds[];
  readonly metadataEvents?: readonly JsonObject[];
  readonly queueJobEvents?: readonly JobStatus[];
}

export interface EventWithQueryIds {
  readonly queryIds: readonly string[];
  readonly event: JsonObject;
}

/** The value of `onEventSubscription`, for clients of both eras. */
export function streamValue(
  eventStreamId: string,
  { events = [], metadataEvents = [], queueJobEvents = [] }: StreamValue,
): JsonObject {
  return {
    eventStreamId,
    objectRecordEventsWithQueryIds: events.map(({ queryIds, event }) => ({ queryIds, objectRecordEvent: event })),
    eventWithQueryIdsList: events,
    metadataEvents,
    queueJobEvents,
  };
}

/** A record event as the schema has it, with the queries that it matches. */
export function eventWithQueryIds(
  { action, objectNameSingular }: Pick<RecordMessage, "action" | "objectNameSingular">,
  { recordId, userId, workspaceMemberId, properties }: RecordEvent,
  queryIds: readonly string[],
): EventWithQueryIds {
  const event = { action: upperCase(action), objectNameSingular, recordId, userId, workspaceMemberId, properties };
  return { queryIds, event };
}

/** A metadata event as the schema has it. */
export function metadataEvent(
  { type, metadataName, updatedCollectionHash }: MetadataMessage,
  { recordId, properties }: MetadataEvent,
): JsonObject {
  return { type: upperCase(type), metadataName, recordId, properties, updatedCollectionHash };
}

/** Values of enums are upper case on the wire. */
export function upperCase(action: DatabaseEventAction | MetadataMessage["type"]): string {
  return action.toUpperCase();
}
