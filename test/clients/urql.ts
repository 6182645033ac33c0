import { fetchExchange, type OperationResult, subscriptionExchange, Client as UrqlClient } from "@urql/core";
import type { FormattedExecutionResult } from "graphql";
import type { Sink } from "graphql-ws";
import { bearer, type Client, type OpenClient } from "./client.ts";
import { createGraphqlWsClient } from "./graphql-ws.ts";

function openUrql(client: UrqlClient, closeConnection: () => unknown = () => undefined): OpenClient {
  return {
    subscribe({ query, variables }, observer) {
      const subscription = client.subscription(query, variables).subscribe((result: OperationResult) => {
        observer.next(result);
        if (!result.hasNext) observer.complete();
      });
      return () => subscription.unsubscribe();
    },
    close: closeConnection,
  };
}

const common = { name: "urql", packages: ["@urql/core"] };

export const urql: Client = {
  ...common,
  packages: [...common.packages, "graphql-ws"],
  transport: "graphql-transport-ws",
  token: "`connectionParams`",
  reconnects: true,
  open(connection) {
    const wsClient = createGraphqlWsClient(connection);
    const exchange = subscriptionExchange({
      forwardSubscription: ({ query = "", variables = {} }) => ({
        subscribe: (sink) => ({
          // Its types differ in whether a missing member may be undefined.
          unsubscribe: wsClient.subscribe({ query, variables }, sink as Sink<FormattedExecutionResult>),
        }),
      }),
    });
    return openUrql(new UrqlClient({ url: connection.url, preferGetMethod: false, exchanges: [exchange] }), () =>
      wsClient.dispose(),
    );
  },
};

export const urqlOverSse: Client = {
  ...common,
  transport: "SSE",
  token: "header",
  reconnects: false,
  async open(connection) {
    const headers = { Authorization: await bearer(connection) };
    return openUrql(
      new UrqlClient({
        url: connection.url,
        preferGetMethod: false,
        fetchSubscriptions: true,
        fetchOptions: { headers },
        exchanges: [fetchExchange],
      }),
    );
  },
};
