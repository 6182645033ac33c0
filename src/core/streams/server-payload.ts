import { isJsonObject, type JsonObject } from "../json.ts";
import type { Occurrence } from "../operation/subscription-field.ts";
import type { Viewer } from "../permissions/viewer.ts";
import {
  type ChannelMessage,
  DATABASE_EVENT_ACTIONS,
  type JobStatus,
  type RecordEvent,
  type RecordMessage,
} from "../pubsub/message.ts";
import type { EventStreams } from "./event-streams.ts";
import { type EventWithQueryIds, objectRecordEvent, streamValue } from "./stream-value.ts";

const CHANNEL = "EVENT_STREAM_CHANNEL:";

/** What a server made for one event stream after matching by itself: as it is, but for what permissions take out. */
export function payloadOccurrence(message: ChannelMessage, streams: EventStreams): Occurrence | undefined {
  const { channel, payload, recipientUserWorkspaceIds: recipients } = message;
  if (!channel.startsWith(CHANNEL) || !isJsonObject(payload)) return undefined;
  const stream = streams.ofChannel(channel.slice(CHANNEL.length));
  if (stream === undefined) return undefined;
  return {
    topic: [stream.id],
    event: 0,
    ...(recipients !== undefined && { recipients: new Set(recipients) }),
    valueFor(viewer) {
      const value = {
        // Without a user workspace there is no role by which to read records.
        events: stream.owner.userWorkspaceId === undefined ? [] : [...readEvents(payload, viewer)],
        metadataEvents: [...readMetadataEvents(payload)],
        queueJobEvents: listOf(payload.queueJobEvents) as unknown as readonly JobStatus[],
      };
      const isEmpty = Object.values(value).every(({ length }) => length === 0);
      return isEmpty ? undefined : streamValue(stream.id, value);
    },
  };
}

/** The records of either shape, each as the caller may see it. A payload was checked when it was published. */
function* readEvents(payload: JsonObject, viewer: Viewer): Generator<EventWithQueryIds> {
  const entries = [
    ...listOf(payload.objectRecordEventsWithQueryIds).map(({ queryIds, objectRecordEvent: event }) => ({
      queryIds,
      event,
    })),
    ...listOf(payload.eventWithQueryIdsList),
  ];
  for (const { queryIds, event } of entries) {
    const message = readMessage(event);
    if (message === undefined) continue;
    const [published] = message.events;
    const seen = published && viewer.see(message, published);
    if (seen === undefined) continue;
    yield { queryIds: Array.isArray(queryIds) ? queryIds.map(String) : [], event: objectRecordEvent(message, seen) };
  }
}

function* readMetadataEvents(payload: JsonObject): Generator<JsonObject> {
  const events = [
    ...listOf(payload.metadataEvents),
    ...listOf(payload.metadataEventsWithQueryIds).map(({ metadataEvent }) => metadataEvent),
  ];
  for (const event of events) {
    if (isJsonObject(event)) yield { ...event, type: String(event.type).toUpperCase() };
  }
}

/** A record event by itself, as the batch that it would have come in. */
function readMessage(event: unknown): RecordMessage | undefined {
  if (!isJsonObject(event) || typeof event.objectNameSingular !== "string") return undefined;
  const wanted = String(event.action).toLowerCase();
  const action = DATABASE_EVENT_ACTIONS.find((known) => known === wanted);
  if (action === undefined) return undefined;
  const recordEvent = event as unknown as RecordEvent;
  return { kind: "record", objectNameSingular: event.objectNameSingular, action, events: [recordEvent] };
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
