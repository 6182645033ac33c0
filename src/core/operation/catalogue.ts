import type { GraphQLSchema } from "graphql";
import type { SubscriptionField } from "./subscription-field.ts";

/** What subscribers can ask for: the schema, and how each of its subscription fields is served. */
export interface Catalogue {
  readonly schema: GraphQLSchema;
  /** Resolves the fields of Query and Mutation; functions get an `OperationContext`. */
  readonly rootValue: Readonly<Record<string, unknown>>;
  /** By the name of the root field. */
  readonly subscriptions: ReadonlyMap<string, SubscriptionField>;
  /** Whether another server has further root fields, to be asked over HTTP. */
  readonly hasUpstream?: boolean;
}
