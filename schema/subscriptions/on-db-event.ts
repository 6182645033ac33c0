import { defineRecordSubscription } from "../../src/core/operation/subscription-field.ts";
import type { DatabaseEventAction, RecordEvent } from "../../src/core/pubsub/message.ts";

interface OnDbEventArgs {
  readonly input: {
    readonly action?: Uppercase<DatabaseEventAction> | null;
    readonly objectNameSingular?: string | null;
    readonly recordId?: string | null;
  };
}

/** Every change of a record; each part of the input that is left out matches anything. */
export const onDbEvent = defineRecordSubscription<OnDbEventArgs>({
  name: "onDbEvent",
  interestOf: ({ input }) => [
    input.objectNameSingular ?? undefined,
    input.action ?? undefined,
    input.recordId ?? undefined,
  ],
  topicOf: ({ objectNameSingular, action }, event) => [objectNameSingular, action.toUpperCase(), idOf(event)],
  toValue: ({ objectNameSingular, action }, event, at) => ({
    action: action.toUpperCase(),
    objectNameSingular,
    eventDate: new Date(at).toISOString(),
    record: recordOf(event),
    updatedFields: event.properties.updatedFields,
  }),
});

function recordOf({ properties }: RecordEvent): Readonly<Record<string, unknown>> {
  return properties.after ?? properties.before ?? {};
}

function idOf(event: RecordEvent): string {
  const { id } = recordOf(event);
  return typeof id === "string" ? id : event.recordId;
}
