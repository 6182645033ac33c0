/**
 * What Sluice replaces, as one process of it: a Node server with graphql-ws whose subscriptions come from RedisPubSub
 * and are filtered for every subscriber by `withFilter`. Publishers reach it by HTTP, with the body and the secret that
 * Sluice takes. Started by `bench/lib/redis-stack.ts`; prints its port.
 */
import { buildSchema, type GraphQLSchema } from "graphql";
import { withFilter } from "graphql-subscriptions";
import { type Caller, makePubSub, serve } from "./serve.ts";

interface DbEvent {
  readonly action: string;
  readonly objectNameSingular: string;
  readonly eventDate: string;
  readonly record: { readonly id: string };
  readonly updatedFields: readonly string[];
}

interface OnDbEventArgs {
  readonly input: { readonly action?: string; readonly objectNameSingular?: string; readonly recordId?: string };
}

const pubsub = makePubSub();

const SDL = `
scalar JSON
enum DatabaseEventAction { CREATED UPDATED DELETED DESTROYED RESTORED UPSERTED }
type OnDbEvent {
  action: DatabaseEventAction!
  objectNameSingular: String!
  eventDate: String!
  record: JSON!
  updatedFields: [String!]
}
input OnDbEventInput { action: DatabaseEventAction objectNameSingular: String recordId: String }
type Query { ready: Boolean }
type Subscription { onDbEvent(input: OnDbEventInput!): OnDbEvent! }
`;

function channelOf(workspaceId: string): string {
  return `DATABASE_EVENT_CHANNEL:${workspaceId}`;
}

function makeSchema(): GraphQLSchema {
  const schema = buildSchema(SDL);
  const field = schema.getSubscriptionType()?.getFields()["onDbEvent"];
  if (field === undefined) throw new Error("The schema has no onDbEvent.");
  field.subscribe = withFilter<{ readonly onDbEvent: DbEvent }, OnDbEventArgs, Caller>(
    (_root: unknown, _args: unknown, caller?: Caller) =>
      pubsub.asyncIterableIterator(channelOf(caller?.workspaceId ?? "")),
    isWanted,
  );
  return schema;
}

function isWanted(payload?: { readonly onDbEvent: DbEvent }, args?: OnDbEventArgs): boolean {
  const { objectNameSingular, action, recordId } = args?.input ?? {};
  const event = payload?.onDbEvent;
  return (
    (objectNameSingular === undefined || objectNameSingular === event?.objectNameSingular) &&
    (action === undefined || action === event?.action) &&
    (recordId === undefined || recordId === event?.record.id)
  );
}

interface PublishBody {
  readonly messages: readonly {
    readonly name: string;
    readonly workspaceId: string;
    readonly objectMetadata: { readonly nameSingular: string };
    readonly events: readonly {
      readonly properties: { readonly after: DbEvent["record"]; readonly updatedFields: readonly string[] };
    }[];
  }[];
}

/** One message in Redis for every event, as Twenty publishes them. */
async function publish(body: unknown): Promise<void> {
  const { messages } = body as PublishBody;
  const published = messages.flatMap(({ name, workspaceId, objectMetadata, events }) =>
    events.map(({ properties: { after: record, updatedFields } }) => {
      const action = name.slice(name.indexOf(".") + 1).toUpperCase();
      const { nameSingular: objectNameSingular } = objectMetadata;
      const eventDate = new Date().toISOString();
      const onDbEvent: DbEvent = { action, objectNameSingular, eventDate, record, updatedFields };
      return pubsub.publish(channelOf(workspaceId), { onDbEvent });
    }),
  );
  await Promise.all(published);
}

serve(makeSchema(), publish);
