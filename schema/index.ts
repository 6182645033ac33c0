import { buildSchema } from "graphql";
import packageJson from "../package.json" with { type: "json" };
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import type { SubscriptionField } from "../src/core/operation/subscription-field.ts";
import sdl from "./schema.graphql";
import { onDbEvent } from "./subscriptions/on-db-event.ts";

/** Every subscription field: a new one is a file beside these, its SDL, and a line here. */
const fields: readonly SubscriptionField[] = [onDbEvent];

export const catalogue: Catalogue = {
  schema: buildSchema(sdl),
  rootValue: { gatewayVersion: packageJson.version },
  subscriptions: new Map(fields.map((field) => [field.name, field])),
};
