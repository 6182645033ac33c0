import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buildSchema, type GraphQLSchema } from "graphql";
import { withFilter } from "graphql-subscriptions";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

/** What the server needs of an engine: as much as `RedisPubSub` and `SluicePubSub` have in common. */
export interface PubSub {
  publish(trigger: string, payload: unknown): Promise<void>;
  asyncIterableIterator(triggers: string | string[], options?: { pattern?: boolean }): AsyncIterableIterator<unknown>;
}

interface Note {
  readonly topic: string;
  readonly text: string;
  readonly writtenAt: string;
}

interface AddNoteArgs {
  readonly workspaceId: string;
  readonly topic: string;
  readonly text: string;
}

interface NoteAddedArgs {
  readonly workspaceId: string;
  readonly topics?: readonly string[] | null;
  readonly matching?: string;
}

const SDL = `
  type Note { topic: String!, text: String!, writtenAt: String! }
  type Query {
    "How many notes were added at this server."
    added(workspaceId: ID!): Int!
  }
  type Mutation { addNote(workspaceId: ID!, topic: String! = "general", text: String!): Note! }
  type Subscription {
    "Of some topics or of all, where the text matches a regular expression."
    noteAdded(workspaceId: ID!, topics: [String!], matching: String = ""): Note!
  }
`;

/** Notes over graphql-ws, from an engine that somebody else has chosen. Resolves to its address. */
export async function startNotesServer(pubsub: PubSub, port: number): Promise<string> {
  const counts = new Map<string, number>();
  const roots = {
    query: { added: ({ workspaceId }: { readonly workspaceId: string }) => counts.get(workspaceId) ?? 0 },
    mutation: {
      async addNote({ workspaceId, topic, text }: AddNoteArgs): Promise<Note> {
        const noteAdded: Note = { topic, text, writtenAt: new Date().toISOString() };
        await pubsub.publish(triggerOf(workspaceId, topic), { noteAdded });
        counts.set(workspaceId, (counts.get(workspaceId) ?? 0) + 1);
        return noteAdded;
      },
    },
  };
  const server = new WebSocketServer({ host: "127.0.0.1", port, path: "/graphql" });
  useServer({ schema: schemaOver(pubsub), roots }, server);
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

function triggerOf(workspaceId: string, topic: string): string {
  return `NOTES_CHANNEL:${workspaceId}:${topic}`;
}

function schemaOver(pubsub: PubSub): GraphQLSchema {
  const schema = buildSchema(SDL);
  const { noteAdded } = schema.getSubscriptionType()?.getFields() ?? {};
  if (noteAdded === undefined) throw new Error("The schema has no noteAdded.");
  noteAdded.subscribe = withFilter<{ readonly noteAdded: Note }, NoteAddedArgs>(
    (_root, args) => notesOf(pubsub, args),
    // Async, so that an error in it keeps a note back; one that is thrown at once would end the subscription.
    async (payload, args) => new RegExp(args?.matching ?? "").test(payload?.noteAdded.text ?? ""),
  );
  return schema;
}

function notesOf(pubsub: PubSub, { workspaceId = "", topics }: Partial<NoteAddedArgs> = {}) {
  if (topics == null) return pubsub.asyncIterableIterator(triggerOf(workspaceId, "*"), { pattern: true });
  return pubsub.asyncIterableIterator(topics.map((topic) => triggerOf(workspaceId, topic)));
}
