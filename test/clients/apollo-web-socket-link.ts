import { WebSocketLink } from "apollo-client-3/link/ws/index.js";
import { SubscriptionClient } from "subscriptions-transport-ws";
import { createApolloClient3, openApollo } from "./apollo-client.ts";
import { bearer, type Client, type Observer } from "./client.ts";

/** By default it gives a connection one second to open at first, which on a busy machine is none. */
const CONNECT_TIMEOUT_MS = 60_000;

/** Apollo Client 3 on the deprecated client of the old dialect, which starts operations before its ack. */
export const apolloWebSocketLink: Client = {
  name: "Apollo Client 3, WebSocketLink",
  packages: ["apollo-client-3", "subscriptions-transport-ws"],
  transport: "graphql-ws, the old dialect",
  token: "`connectionParams`",
  reconnects: true,
  open(connection) {
    const observers: Observer[] = [];
    const options = {
      reconnect: true,
      minTimeout: CONNECT_TIMEOUT_MS,
      timeout: CONNECT_TIMEOUT_MS,
      connectionParams: async () => ({ authorization: await bearer(connection) }),
      // A refused connection is no error of its operations: it tries again for ever.
      connectionCallback(refusal: unknown) {
        if (refusal) for (const observer of observers) observer.error(refusal);
      },
    };
    const socketClient = new SubscriptionClient(connection.wsUrl, options);
    const client = openApollo(createApolloClient3(new WebSocketLink(socketClient)), () => socketClient.close());
    return {
      ...client,
      subscribe(operation, observer) {
        observers.push(observer);
        return client.subscribe(operation, observer);
      },
    };
  },
};
