import { parseDate } from "../filter/parse-date.ts";
import type { Message, RecordEvent } from "./message.ts";
import type { RecordTimes } from "./record-times.ts";

/**
 * Marks the updates of records whose newer change is in the log already (`ORDER_BY_RECORD`): a queue may bring them late.
 * Done before a message is written, so that a replay leaves out what live delivery left out.
 * @param first the offset that the message's first event is about to get
 */
export function markSuperseded(message: Message, times: RecordTimes, first: number): Message {
  if (message.kind !== "record") return message;
  const { objectNameSingular, action } = message;
  const events = message.events.map((event, i): RecordEvent => {
    const updatedAt = parseDate(event.properties.after?.["updatedAt"]);
    if (updatedAt === undefined) return event;
    const newest = times.newest(objectNameSingular, event.recordId);
    if (newest !== undefined && updatedAt < newest) {
      return action === "updated" ? { ...event, superseded: true } : event;
    }
    times.note(objectNameSingular, event.recordId, updatedAt, first + i);
    return event;
  });
  return { ...message, events };
}
