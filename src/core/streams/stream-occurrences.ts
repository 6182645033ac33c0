import type { Verdict } from "../filter/compile-filter.ts";
import { type FieldTypes, fieldTypesOf } from "../filter/field-types.ts";
import { type PrintJsonb, printingOnce } from "../filter/jsonb-text.ts";
import type { JsonObject } from "../json.ts";
import { SharedTexts, SharedValue } from "../operation/shared-value.ts";
import type { Occurrence } from "../operation/subscription-field.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { Message, MetadataMessage, QueueJobMessage, RecordEvent, RecordMessage } from "../pubsub/message.ts";
import type { EventStream } from "./event-stream.ts";
import type { EventStreams } from "./event-streams.ts";
import { SeenMessage } from "./seen-message.ts";
import { payloadOccurrence } from "./server-payload.ts";
import type { StreamQuery } from "./stream-query.ts";
import { type EventWithQueryIds, metadataEvent, streamValue } from "./stream-value.ts";

/**
 * What a message holds for event streams: one occurrence for each stream that it may concern.
 * @param only the one stream that is asked for, in a replay
 */
export function streamOccurrences(message: Message, streams: EventStreams, only?: string): readonly Occurrence[] {
  const meant = only === undefined ? streams : [streams.get(only) ?? []].flat();
  switch (message.kind) {
    case "record":
      return recordOccurrences(message, streams, only);
    case "metadata":
      return metadataOccurrences(message, meant);
    case "queueJob":
      return queueJobOccurrences(message, meant);
    case "channel": {
      const occurrence = payloadOccurrence(message, streams);
      return occurrence === undefined ? [] : [occurrence];
    }
  }
}

/** For each stream, the events that could match a query of it, and these queries. */
type Candidates = Map<EventStream, Map<RecordEvent, StreamQuery[]>>;

function recordOccurrences(message: RecordMessage, streams: EventStreams, only: string | undefined): Occurrence[] {
  const candidates: Candidates = new Map();
  for (const event of message.events) {
    if (event.superseded === true) continue;
    for (const { stream, query } of streams.candidates(message.objectNameSingular, recordsOf(event))) {
      // Without a user workspace there is no role by which to read records.
      if (stream.owner.userWorkspaceId === undefined || (only !== undefined && stream.id !== only)) continue;
      const ofStream = candidates.get(stream) ?? new Map<RecordEvent, StreamQuery[]>();
      candidates.set(stream, ofStream);
      const queries = ofStream.get(event);
      if (queries === undefined) ofStream.set(event, [query]);
      else queries.push(query);
    }
  }
  // Made once for a message, however many queries it meets; what a snapshot knows of fields is the same for all viewers.
  let types: FieldTypes | undefined;
  const typesFor = (viewer: Viewer) => {
    types ??= fieldTypesOf(message.objectMetadata, viewer.fieldTypesOf(message.objectNameSingular));
    return types;
  };
  // One for all of the message: each keeps as much as it may. What a value is printed as hangs on the value alone.
  const print = printingOnce();
  const texts = new SharedTexts();
  const views = new Map<Viewer, SeenMessage>();
  const viewOf = (viewer: Viewer) => {
    const known = views.get(viewer);
    if (known !== undefined) return known;
    // Each is as large as the message, and with filters that ask for the caller each user is a class.
    if (views.size >= CLASSES_AT_ONCE) views.clear();
    const view = new SeenMessage(message, viewer, texts);
    views.set(viewer, view);
    return view;
  };
  return [...candidates].map(([stream, ofStream]) => ({
    topic: [stream.id],
    event: message.events.length - 1,
    valueFor(viewer) {
      const view = viewOf(viewer);
      const events: EventWithQueryIds[] = [];
      for (const [event, queries] of ofStream) {
        const seen = view.see(event);
        if (seen === undefined) continue;
        const queryIds: string[] = [];
        for (const query of queries) {
          const verdict = judge(query, message, seen.event, viewer, typesFor(viewer), print);
          if (verdict === true) queryIds.push(query.id);
          else if (verdict === "error") streams.noteFailedMatch();
        }
        if (queryIds.length > 0) events.push({ queryIds, event: seen.value() });
      }
      return events.length === 0 ? undefined : streamValue(stream.id, { events });
    },
  }));
}

/** Permission classes of which what they see of a message is kept until all streams were told of it. */
const CLASSES_AT_ONCE = 8;

/** Whether a query is told of an event, judged on exactly what would be sent. */
function judge(
  query: StreamQuery,
  message: RecordMessage,
  seen: RecordEvent,
  viewer: Viewer,
  fieldTypes: FieldTypes,
  print: PrintJsonb,
): Verdict {
  if (query.isUnfiltered) return true;
  const { action } = message;
  // A condition on what the caller may not see is no way to find out about it.
  for (const field of query.fields) if (viewer.hides(message, field)) return false;
  const options = { fieldTypes, print, includesDeleted: action === "deleted" || action === "restored" };
  const { after, before } = seen.properties;
  // A record that leaves a view is reported to it.
  const records = action === "updated" ? [after, before] : [after ?? before];
  let verdict: Verdict = false;
  for (const record of records) {
    const ofRecord = record !== undefined && query.matches(record, options);
    if (ofRecord === true) return true;
    if (ofRecord === "error") verdict = "error";
  }
  return verdict;
}

function recordsOf({ properties }: RecordEvent): JsonObject[] {
  return [properties.after, properties.before].filter((record) => record !== undefined);
}

function metadataOccurrences(message: MetadataMessage, streams: Iterable<EventStream>): Occurrence[] {
  const { recipientUserWorkspaceIds: recipients, requiredPermissionFlag: flag } = message;
  const texts = new SharedTexts();
  const metadataEvents = message.events.map((event) => new SharedValue(metadataEvent(message, event), texts));
  return [...streams]
    .filter(({ owner }) => isRecipient(owner.userWorkspaceId, recipients) && (flag === undefined || owner.isUser))
    .map(({ id }) => ({
      topic: [id],
      event: message.events.length - 1,
      valueFor: (viewer) =>
        flag === undefined || viewer.hasFlag(flag) ? streamValue(id, { metadataEvents }) : undefined,
    }));
}

function isRecipient(userWorkspaceId: string | undefined, recipients: readonly string[] | undefined): boolean {
  return recipients === undefined || (userWorkspaceId !== undefined && recipients.includes(userWorkspaceId));
}

function queueJobOccurrences({ job, userWorkspaceId }: QueueJobMessage, streams: Iterable<EventStream>): Occurrence[] {
  return [...streams]
    .filter(({ owner }) => userWorkspaceId === undefined || owner.userWorkspaceId === userWorkspaceId)
    .map(({ id }) => ({ topic: [id], event: 0, valueFor: () => streamValue(id, { queueJobEvents: [job] }) }));
}
