/**
 * Event streams as Twenty has them: streams and their queries are kept in Redis. For every batch of record events all
 * active streams of the workspace are read, each query is compared with each event, and every stream that has a match is
 * published to on a channel of its own, where its subscriber hears of it. Left out is what would cost it more: roles and
 * row filters (everybody may see everything, as in the other rows), and related records from the database.
 * Started by `bench/lib/redis-stack.ts`; prints its port.
 */
import { buildSchema, type GraphQLSchema } from "graphql";
import type { JsonObject } from "../../src/core/json.ts";
import { type FieldType, matchesFilter } from "./match-record.ts";
import { type Caller, makePubSub, serve } from "./serve.ts";
import { activeStreams, addQuery, channelIdOf, createStream, type OperationSignature } from "./stored-streams.ts";

const SDL = `
scalar JSON
enum DatabaseEventAction { CREATED UPDATED DELETED DESTROYED RESTORED UPSERTED }
enum MetadataEventAction { CREATED UPDATED DELETED }
type ObjectRecordEventProperties { updatedFields: [String!] before: JSON after: JSON diff: JSON }
type ObjectRecordEvent {
  action: DatabaseEventAction!
  objectNameSingular: String!
  recordId: String!
  userId: String
  workspaceMemberId: String
  properties: ObjectRecordEventProperties!
}
type ObjectRecordEventWithQueryIds { queryIds: [String!]! objectRecordEvent: ObjectRecordEvent! }
type MetadataEvent {
  type: MetadataEventAction!
  metadataName: String!
  recordId: String!
  properties: ObjectRecordEventProperties!
  updatedCollectionHash: String
}
type EventSubscription {
  eventStreamId: String!
  objectRecordEventsWithQueryIds: [ObjectRecordEventWithQueryIds!]!
  metadataEvents: [MetadataEvent!]!
}
input AddQuerySubscriptionInput { eventStreamId: String! queryId: String! operationSignature: JSON! }
type Query { ready: Boolean }
type Mutation { addQueryToEventStream(input: AddQuerySubscriptionInput!): Boolean! }
type Subscription { onEventSubscription(eventStreamId: String!): EventSubscription }
`;

interface RecordEvent {
  readonly recordId: string;
  readonly properties: { readonly before?: JsonObject; readonly after?: JsonObject };
}

interface EventStreamPayload {
  readonly objectRecordEventsWithQueryIds: readonly {
    readonly queryIds: readonly string[];
    readonly objectRecordEvent: RecordEvent & { readonly action: string; readonly objectNameSingular: string };
  }[];
  readonly metadataEvents: readonly object[];
}

interface StreamArgs {
  readonly eventStreamId: string;
}

interface AddQueryArgs {
  readonly input: StreamArgs & { readonly queryId: string; readonly operationSignature: OperationSignature };
}

const pubsub = makePubSub();

function channelOf(workspaceId: string, channelId: string): string {
  return `EVENT_STREAM_CHANNEL:${workspaceId}:${channelId}`;
}

function makeSchema(): GraphQLSchema {
  const schema = buildSchema(SDL);
  const subscription = schema.getSubscriptionType()?.getFields()["onEventSubscription"];
  const mutation = schema.getMutationType()?.getFields()["addQueryToEventStream"];
  if (subscription === undefined || mutation === undefined) throw new Error("The schema has no event streams.");
  subscription.subscribe = (_root: unknown, { eventStreamId }: StreamArgs, caller: Caller) =>
    openStream(eventStreamId, caller);
  subscription.resolve = (payload: EventStreamPayload, { eventStreamId }: StreamArgs) => ({
    eventStreamId,
    ...payload,
  });
  mutation.resolve = (_root: unknown, { input }: AddQueryArgs, caller: Caller) =>
    addQuery(caller, channelIdOf(input.eventStreamId), input.queryId, input.operationSignature);
  return schema;
}

async function* openStream(eventStreamId: string, caller: Caller): AsyncGenerator<EventStreamPayload> {
  const channelId = channelIdOf(eventStreamId);
  await createStream(caller, channelId);
  const payloads = pubsub.asyncIterableIterator<EventStreamPayload>(channelOf(caller.workspaceId, channelId));
  yield { objectRecordEventsWithQueryIds: [], metadataEvents: [] };
  yield* payloads;
}

interface RecordBatch {
  readonly name: string;
  readonly workspaceId: string;
  readonly objectMetadata: { readonly nameSingular: string };
  readonly events: readonly RecordEvent[];
}

/** What a server knows of the fields of a person: of those that queries ask for. */
const PERSON_FIELDS: ReadonlyMap<string, FieldType> = new Map([
  ["id", "UUID"],
  ["companyId", "UUID"],
  ["jobTitle", "TEXT"],
  ["city", "TEXT"],
  ["score", "NUMBER"],
  ["name", "FULL_NAME"],
]);

async function publish(body: unknown): Promise<void> {
  const { messages } = body as { readonly messages: readonly RecordBatch[] };
  for (const batch of messages) await publishBatch(batch);
}

async function publishBatch({ name, workspaceId, objectMetadata, events }: RecordBatch): Promise<void> {
  const { nameSingular: objectNameSingular } = objectMetadata;
  const action = name.slice(name.indexOf(".") + 1).toUpperCase();
  const published: Promise<void>[] = [];
  for (const [channelId, { queries }] of await activeStreams(workspaceId)) {
    const matched = events.flatMap((event) => {
      const queryIds = matchingQueryIds(queries, objectNameSingular, action, event);
      return queryIds.length === 0 ? [] : [{ queryIds, objectRecordEvent: { action, objectNameSingular, ...event } }];
    });
    if (matched.length === 0) continue;
    const payload: EventStreamPayload = { objectRecordEventsWithQueryIds: matched, metadataEvents: [] };
    published.push(pubsub.publish(channelOf(workspaceId, channelId), payload));
  }
  await Promise.all(published);
}

function matchingQueryIds(
  queries: Readonly<Record<string, OperationSignature>>,
  objectNameSingular: string,
  action: string,
  { properties: { after, before } }: RecordEvent,
): string[] {
  const records = action === "UPDATED" ? [after, before] : [after ?? before];
  const ids: string[] = [];
  for (const id in queries) {
    const query = queries[id];
    if (query?.objectNameSingular !== objectNameSingular) continue;
    const { filter = {} } = query.variables;
    if (records.some((record) => record !== undefined && matchesFilter(record, filter, PERSON_FIELDS))) ids.push(id);
  }
  return ids;
}

serve(makeSchema(), publish);
