import { createClient } from "graphql-sse";
import { bearer, type Client, RETRY_WAIT_MS } from "./client.ts";

export const graphqlSse: Client = {
  name: "graphql-sse, distinct connections",
  packages: ["graphql-sse"],
  transport: "SSE",
  token: "header",
  reconnects: true,
  open(connection) {
    const client = createClient({
      url: connection.url,
      headers: async () => ({ Authorization: await bearer(connection) }),
      retry: () => new Promise((resolve) => setTimeout(resolve, RETRY_WAIT_MS)),
    });
    return { subscribe: client.subscribe.bind(client), close: () => client.dispose() };
  },
};
