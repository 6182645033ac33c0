import { ApolloClient, type ApolloLink, InMemoryCache } from "apollo-client-3/core/index.js";
import { vi } from "vitest";
import { createApolloLink } from "../../client/apollo.ts";
import { apolloSuite } from "./support/apollo-suite.ts";

// What an application with that version installed would get.
vi.mock("@apollo/client/link/subscriptions/index.js", () => import("apollo-client-3/link/subscriptions/index.js"));

apolloSuite("3", (options) => {
  const link = createApolloLink(options) as unknown as ApolloLink;
  return new ApolloClient({ link, cache: new InMemoryCache() });
});
