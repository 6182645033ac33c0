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
  readonly metadataEvents?: readonly object[];
  readonly queueJobEvents?: readonly JobStatus[];
}

/** A record event with the queries that it matches. */
export interface EventWithQueryIds {
  readonly queryIds: readonly string[];
  readonly event: object;
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

/** A record event as the schema has it. */
export function objectRecordEvent(
  { action, objectNameSingular }: Pick<RecordMessage, "action" | "objectNameSingular">,
  { recordId, userId, workspaceMemberId, properties }: RecordEvent,
): JsonObject {
  return { action: upperCase(action), objectNameSingular, recordId, userId, workspaceMemberId, properties };
}

/** A metadata event as the schema has it. */
export function metadataEvent(
  { type, metadataName, updatedCollectionHash }: MetadataMessage,
  { recordId, properties }: MetadataEvent,
): JsonObject {
  return { type: upperCase(type), metadataName, recordId, properties, updatedCollectionHash };
}

/** Values of enums are upper case on the wire. */
function upperCase(action: DatabaseEventAction | MetadataMessage["type"]): string {
  return action.toUpperCase();
}
