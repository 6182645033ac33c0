import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { OperationTypeNode } from "graphql";
import { createApolloLink } from "sluice/client/apollo";
import { getToken, WatchedSocket } from "./connection.ts";
import { reload } from "./live-events.ts";
import { notice } from "./notice.ts";

/** Queries and mutations go to the application's own server, subscriptions to the gateway. */
export const apollo = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    createApolloLink({
      url: `${import.meta.env["VITE_GATEWAY_URL"]}/graphql`,
      token: getToken,
      onGap: () => notice.set(() => ({ kind: "gap", isFetched: false })),
      refetchOnGap: () => ({ refetchQueries: () => reload(apollo) }),
      // For the demo's displays only.
      webSocketImpl: WatchedSocket,
    }),
    new HttpLink({ uri: "/graphql" }),
  ),
});
