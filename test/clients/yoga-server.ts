import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createSchema, createYoga } from "graphql-yoga";
import { WebSocket } from "ws";
import { SluicePubSub } from "../../client/pubsub.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";

const typeDefs = `
  type Query { ok: Boolean }
  type Mutation { addNote(workspaceId: ID!, text: String!): Boolean }
  type Subscription { noteAdded(workspaceId: ID!): String }
`;

interface Note {
  readonly workspaceId: string;
  readonly text: string;
}

/** A GraphQL server that is not the gateway, and has its events from it. */
export async function startYogaServer(gatewayUrl: string) {
  const pubsub = new SluicePubSub({
    url: gatewayUrl,
    publisherSecret: DEV_BINDINGS.PUBLISHER_SECRETS,
    channelSecret: DEV_BINDINGS.CHANNEL_SECRETS,
    webSocketImpl: WebSocket,
  });
  const triggerOf = ({ workspaceId }: Pick<Note, "workspaceId">) => `NOTES_CHANNEL:${workspaceId}`;
  const resolvers = {
    Mutation: {
      async addNote(_: unknown, note: Note) {
        await pubsub.publish(triggerOf(note), { noteAdded: note.text });
        return true;
      },
    },
    Subscription: {
      noteAdded: {
        subscribe: (_: unknown, args: Pick<Note, "workspaceId">) => pubsub.asyncIterableIterator(triggerOf(args)),
      },
    },
  };
  const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: "error" });
  const server = createServer(yoga).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await pubsub.close();
    },
  };
}
