import { defineSubscription } from "../../src/core/operation/subscription-field.ts";
import { streamOccurrences } from "../../src/core/streams/stream-occurrences.ts";
import { streamValue } from "../../src/core/streams/stream-value.ts";

interface OnEventSubscriptionArgs {
  readonly eventStreamId: string;
}

/** What one browser tab wants to hear of: its queries are added to the stream one by one. */
export const onEventSubscription = defineSubscription<OnEventSubscriptionArgs>({
  name: "onEventSubscription",
  listensTo: ["record", "metadata", "queueJob", "channel"],
  interestOf: ({ eventStreamId }) => [eventStreamId],
  streamOf: ({ eventStreamId }) => eventStreamId,
  sharedTypes: ["ObjectRecordEvent", "MetadataEvent"],
  initialValue: ({ eventStreamId }) => streamValue(eventStreamId, {}),
  occurrencesIn: (message, _, { streams, only }) => streamOccurrences(message, streams, only?.[0]),
});
