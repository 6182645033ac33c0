import type { JsonObject } from "../json.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { RecordEvent, RecordMessage } from "../pubsub/message.ts";
import { relatedOf } from "./related-records.ts";

/** An event as a viewer sees it, with the related records that the viewer may see as well. */
export function withRelated(message: RecordMessage, seen: RecordEvent, viewer: Viewer): RecordEvent {
  if (message.related === undefined) return seen;
  const relations = Object.entries(message.related)
    .filter(([field]) => !viewer.hides(message, field))
    .map(([field, { objectNameSingular, records }]) => {
      const seenOnes = records.map((record) => viewer.seeRecord(objectNameSingular, record));
      const visible = seenOnes.filter((record) => record !== undefined);
      return [field, visible] as const;
    });
  const merge = (record: JsonObject | undefined) =>
    record && {
      ...record,
      ...Object.fromEntries(relations.map(([field, records]) => [field, relatedOf(record, message, field, records)])),
    };
  const { before, after } = seen.properties;
  return { ...seen, properties: { ...seen.properties, before: merge(before), after: merge(after) } };
}
