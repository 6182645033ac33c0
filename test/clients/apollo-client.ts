import { ApolloClient, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import {
  ApolloClient as ApolloClient3,
  type ApolloLink as ApolloLink3,
  InMemoryCache as InMemoryCache3,
} from "apollo-client-3/core/index.js";
import { GraphQLWsLink as GraphQLWsLink3 } from "apollo-client-3/link/subscriptions/index.js";
import { type DocumentNode, parse } from "graphql";
import type { Client, Observer, OpenClient } from "./client.ts";
import { createGraphqlWsClient } from "./graphql-ws.ts";

/** As much of an Apollo Client of any version as is used here. */
interface AnyApolloClient {
  subscribe(options: { query: DocumentNode; variables: Record<string, unknown> }): {
    subscribe(observer: Observer): { unsubscribe(): void };
  };
  stop(): void;
}

export function openApollo(client: AnyApolloClient, closeConnection: () => unknown = () => undefined): OpenClient {
  return {
    subscribe({ query, variables }, observer) {
      const subscription = client.subscribe({ query: parse(query), variables }).subscribe(observer);
      return () => subscription.unsubscribe();
    },
    close() {
      client.stop();
      return closeConnection();
    },
  };
}

export function createApolloClient3(link: ApolloLink3): AnyApolloClient {
  return new ApolloClient3({ link, cache: new InMemoryCache3() });
}

const common = { transport: "graphql-transport-ws", token: "`connectionParams`", reconnects: true };

export const apollo3: Client = {
  ...common,
  name: "Apollo Client 3, GraphQLWsLink",
  packages: ["apollo-client-3", "graphql-ws"],
  open(connection) {
    const wsClient = createGraphqlWsClient(connection);
    return openApollo(createApolloClient3(new GraphQLWsLink3(wsClient)), () => wsClient.dispose());
  },
};

export const apollo4: Client = {
  ...common,
  name: "Apollo Client 4, GraphQLWsLink",
  packages: ["@apollo/client", "graphql-ws"],
  open(connection) {
    const wsClient = createGraphqlWsClient(connection);
    const client = new ApolloClient({ link: new GraphQLWsLink(wsClient), cache: new InMemoryCache() });
    return openApollo(client, () => wsClient.dispose());
  },
};
