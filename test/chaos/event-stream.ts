import { sleep } from "./sleep.ts";

/** A query of an event stream: the records of an object, or one of them. */
export interface StreamQuery {
  readonly id: string;
  readonly objectNameSingular: string;
  readonly recordId?: string;
}

export const ON_EVENT_SUBSCRIPTION = `subscription OnEventSubscription($eventStreamId: String!) {
  onEventSubscription(eventStreamId: $eventStreamId) {
    objectRecordEventsWithQueryIds { queryIds objectRecordEvent { action objectNameSingular properties { before after } } }
  }
}`;

const ADD_QUERY = `mutation AddQueryToEventStream($input: AddQuerySubscriptionInput!) {
  addQueryToEventStream(input: $input)
}`;

/** What a `next` of an event stream says of one event. */
export interface StreamEvent {
  readonly queryIds: readonly string[];
  readonly objectRecordEvent: {
    readonly action: string;
    readonly objectNameSingular: string;
    readonly properties: { readonly before?: StreamRecord | null; readonly after?: StreamRecord | null };
  };
}

export interface StreamRecord {
  readonly name: string;
  readonly note?: string;
}

/**
 * Adds queries to an open stream, over HTTP, until each has its answer.
 * @param how gives `ws://…/graphql` and a token that holds by then: both change with kills and revokes
 * @throws Error when the stream is not there
 */
export async function addQueries(
  eventStreamId: string,
  queries: readonly StreamQuery[],
  how: () => Promise<{ readonly url: string; readonly token: string }>,
): Promise<void> {
  for (const { id: queryId, objectNameSingular, recordId } of queries) {
    const filter = recordId === undefined ? {} : { id: { eq: recordId } };
    const operationSignature = { objectNameSingular, variables: { filter } };
    const body = JSON.stringify({
      query: ADD_QUERY,
      variables: { input: { eventStreamId, queryId, operationSignature } },
    });
    for (let isAdded = false; !isAdded; ) {
      const { url, token } = await how();
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
      const response = await fetch(url.replace("ws", "http"), { method: "POST", headers, body }).catch(() => undefined);
      const answer = response?.ok ? ((await response.json().catch(() => undefined)) as Answer | undefined) : undefined;
      isAdded = answer?.data?.addQueryToEventStream === true;
      if (answer?.data?.addQueryToEventStream === false) throw new Error(`${queryId}: the event stream is not there`);
      if (!isAdded) await sleep(20);
    }
  }
}

interface Answer {
  readonly data?: { readonly addQueryToEventStream?: boolean };
}
