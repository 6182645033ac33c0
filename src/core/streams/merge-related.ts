import type { JsonObject } from "../json.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { RecordEvent, RecordMessage } from "../pubsub/message.ts";
import { type FindRelated, findRelated } from "./related-records.ts";

/** The search in the related records of a message that a viewer may see, by field. */
export type VisibleRelations = ReadonlyMap<string, FindRelated>;

/** What a viewer may see of a message's related records: judged once, however many events and streams they are for. */
export function visibleRelations(message: RecordMessage, viewer: Viewer): VisibleRelations {
  const visible = new Map<string, FindRelated>();
  for (const [field, { objectNameSingular, records }] of Object.entries(message.related ?? {})) {
    if (viewer.hides(message, field)) continue;
    const seen = records.map((record) => viewer.seeRecord(objectNameSingular, record));
    const shown = seen.filter((record) => record !== undefined);
    visible.set(field, findRelated(message, field, shown));
  }
  return visible;
}

/** An event as a viewer sees it, with those of the related records that are its own. */
export function withRelations(seen: RecordEvent, relations: VisibleRelations): RecordEvent {
  if (relations.size === 0) return seen;
  const merge = (record: JsonObject | undefined) =>
    record && {
      ...record,
      ...Object.fromEntries(Array.from(relations, ([field, find]) => [field, find(record)])),
    };
  const { before, after } = seen.properties;
  return { ...seen, properties: { ...seen.properties, before: merge(before), after: merge(after) } };
}
