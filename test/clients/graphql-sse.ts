import { createClient } from "graphql-sse";
import { bearer, type Client, RETRY_WAIT_MS } from "./client.ts";

/** graphql-sse in one of its two modes. */
function graphqlSse(mode: string, singleConnection: boolean): Client {
  return {
    name: `graphql-sse, ${mode}`,
    packages: ["graphql-sse"],
    transport: "SSE",
    token: "header",
    reconnects: true,
    open(connection) {
      const client = createClient({
        url: connection.url,
        headers: async () => ({ Authorization: await bearer(connection) }),
        retry: () => new Promise((resolve) => setTimeout(resolve, RETRY_WAIT_MS)),
        singleConnection,
      });
      return { subscribe: client.subscribe.bind(client), close: () => client.dispose() };
    },
  };
}

export const graphqlSseDistinct = graphqlSse("distinct connections", false);

export const graphqlSseSingle = graphqlSse("single connection", true);
