import { ApolloClient, InMemoryCache } from "@apollo/client";
import { YogaLink } from "@graphql-yoga/apollo-link";
import { openApollo } from "./apollo-client.ts";
import { bearer, type Client } from "./client.ts";

export const yogaLink: Client = {
  name: "Apollo Client 4, YogaLink",
  packages: ["@apollo/client", "@graphql-yoga/apollo-link"],
  transport: "SSE",
  token: "header",
  reconnects: false,
  async open(connection) {
    const headers = { Authorization: await bearer(connection) };
    const link = new YogaLink({ endpoint: connection.url, headers });
    return openApollo(new ApolloClient({ link, cache: new InMemoryCache() }));
  },
};
