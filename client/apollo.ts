export { type ApolloLinkOptions, createApolloLink, type RefetchingClient } from "./apollo-link.ts";
