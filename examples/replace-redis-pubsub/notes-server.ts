import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

/** What the server needs of an engine: as much as `RedisPubSub` and `SluicePubSub` have in common. */
export interface PubSub {
  publish(trigger: string, payload: unknown): Promise<void>;
  asyncIterator(trigger: string): AsyncIterator<unknown>;
}

interface NoteArgs {
  readonly workspaceId: string;
  readonly text: string;
}

const schema = buildSchema(`
  type Note { text: String!, writtenAt: String! }
  type Query { ok: Boolean! }
  type Mutation { addNote(workspaceId: ID!, text: String!): Boolean! }
  type Subscription { noteAdded(workspaceId: ID!): Note! }
`);

/** Notes over graphql-ws, from an engine that somebody else has chosen. */
export async function startNotesServer(pubsub: PubSub, port: number) {
  const triggerOf = ({ workspaceId }: Pick<NoteArgs, "workspaceId">) => `NOTES_CHANNEL:${workspaceId}`;
  const roots = {
    query: { ok: () => true },
    mutation: {
      async addNote(note: NoteArgs) {
        const noteAdded = { text: note.text, writtenAt: new Date() };
        await pubsub.publish(triggerOf(note), { noteAdded });
        return true;
      },
    },
    subscription: {
      noteAdded: (args: Pick<NoteArgs, "workspaceId">) => iterable(pubsub.asyncIterator(triggerOf(args))),
    },
  };
  const server = new WebSocketServer({ port, path: "/graphql" });
  const { dispose } = useServer({ schema, roots }, server);
  await once(server, "listening");
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, stop: dispose };
}

/** RedisPubSub gives its iterators the method, but not the type. */
function iterable(iterator: AsyncIterator<unknown>): AsyncIterable<unknown> {
  return { [Symbol.asyncIterator]: () => iterator };
}
