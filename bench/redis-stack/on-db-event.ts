/**
 * What Sluice replaces, as one process of it: a Node server with graphql-ws whose subscriptions come from RedisPubSub
 * and are filtered for every subscriber by `withFilter`. Publishers reach it by HTTP, with the body and the secret that
 * Sluice takes. Started by `bench/lib/redis-stack.ts`; prints its port.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { buildSchema, type GraphQLSchema } from "graphql";
import { RedisPubSub } from "graphql-redis-subscriptions";
import { withFilter } from "graphql-subscriptions";
import { handleProtocols } from "graphql-ws";
import { useServer as serveOver } from "graphql-ws/use/ws";
import { Redis } from "ioredis";
import { decodeJwt, jwtVerify } from "jose";
import { type WebSocket, WebSocketServer } from "ws";
import { twentySecret } from "../../src/auth/twenty-secret.ts";

const { REDIS_PORT, APP_SECRET = "", PUBLISHER_SECRET = "" } = process.env;

interface Caller {
  readonly workspaceId: string;
}

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

// With the check a subscription made before it ends can be lost for good (ioredis 2037).
const options = { host: "127.0.0.1", port: Number(REDIS_PORT), enableReadyCheck: false };
const pubsub = new RedisPubSub({
  publisher: new Redis(options),
  subscriber: new Redis(options),
});

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

async function verify(token: string): Promise<Caller> {
  const { workspaceId } = decodeJwt<{ workspaceId: string }>(token);
  await jwtVerify(token, await twentySecret(APP_SECRET, workspaceId, "ACCESS"), { algorithms: ["HS256"] });
  return { workspaceId };
}

function tokenOf(request: IncomingMessage, params: Readonly<Record<string, unknown>> | undefined): string {
  const items = request.headers["sec-websocket-protocol"]?.split(",") ?? [];
  const item = items.map((text) => text.trim()).find((text) => text.startsWith("bearer."));
  return item?.slice("bearer.".length) ?? String(params?.["authorization"]).slice("Bearer ".length);
}

const callers = new WeakMap<WebSocket, Caller>();
const server = createServer((request, response) => {
  void publish(request, response);
});
const sockets = new WebSocketServer({ server, handleProtocols });
serveOver(
  {
    schema: makeSchema(),
    onConnect: async ({ connectionParams, extra: { request, socket } }) => {
      callers.set(socket, await verify(tokenOf(request, connectionParams)));
    },
    context: ({ extra: { socket } }) => callers.get(socket),
  },
  sockets,
  // The load client answers no pings; without them this row works a little less than in life.
  0,
);

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
async function publish(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.headers.authorization !== `Bearer ${PUBLISHER_SECRET}`) {
    response.writeHead(401).end();
    return;
  }
  const { messages } = JSON.parse(await text(request)) as PublishBody;
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
  response.writeHead(200).end("published");
}

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`${port}\n`);
});
