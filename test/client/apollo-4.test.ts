import { ApolloClient, InMemoryCache } from "@apollo/client";
import { createApolloLink } from "../../client/apollo.ts";
import { apolloSuite } from "./support/apollo-suite.ts";

apolloSuite("4", (options) => new ApolloClient({ link: createApolloLink(options), cache: new InMemoryCache() }));
