import { defineSubscription } from "../../src/core/operation/subscription-field.ts";
import type { DatabaseEventAction, RecordEvent } from "../../src/core/pubsub/message.ts";

interface OnDbEventArgs {
  readonly input: {
    readonly action?: Uppercase<DatabaseEventAction> | null;
    readonly objectNameSingular?: string | null;
    readonly recordId?: string | null;
  };
}

/** Every change of a record; each part of the input that is left out matches anything. */
export const onDbEvent = defineSubscription<OnDbEventArgs>({
  name: "onDbEvent",
  listensTo: "record",
  carriesRecords: true,
  interestOf: ({ input }) => [
    input.objectNameSingular ?? undefined,
    input.action ?? undefined,
    input.recordId ?? undefined,
  ],
  occurrencesIn(message, at) {
    if (message.kind !== "record") return [];
    const { objectNameSingular } = message;
    const action = message.action.toUpperCase();
    const eventDate = new Date(at).toISOString();
    return message.events.map((event, i) => {
      const record = recordOf(event);
      const { updatedFields } = event.properties;
      return {
        topic: [objectNameSingular, action, idOf(record, event)],
        event: i,
        value: { action, objectNameSingular, eventDate, record, updatedFields },
      };
    });
  },
});

function recordOf({ properties }: RecordEvent): Readonly<Record<string, unknown>> {
  return properties.after ?? properties.before ?? {};
}

function idOf(record: Readonly<Record<string, unknown>>, event: RecordEvent): string {
  const { id } = record;
  return typeof id === "string" ? id : event.recordId;
}
