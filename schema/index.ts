import { buildSchema } from "graphql";
import packageJson from "../package.json" with { type: "json" };
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import type { SubscriptionField } from "../src/core/operation/subscription-field.ts";
import { addQueryToEventStream, removeQueryFromEventStream } from "./mutations/event-stream-queries.ts";
import sdl from "./schema.graphql";
import { eventLogsLive } from "./subscriptions/event-logs-live.ts";
import { logicFunctionLogs } from "./subscriptions/logic-function-logs.ts";
import { onAgentChatEvent } from "./subscriptions/on-agent-chat-event.ts";
import { onDbEvent } from "./subscriptions/on-db-event.ts";
import { onEventSubscription } from "./subscriptions/on-event-subscription.ts";
import { serverlessFunctionLogs } from "./subscriptions/serverless-function-logs.ts";
import { withUuids } from "./uuid-scalar.ts";

/** Every subscription field: a new one is a file beside these, its SDL, and a line here. */
const fields: readonly SubscriptionField[] = [
  onDbEvent,
  onEventSubscription,
  serverlessFunctionLogs,
  logicFunctionLogs,
  onAgentChatEvent,
  eventLogsLive,
];

export const catalogue: Catalogue = {
  schema: withUuids(buildSchema(sdl)),
  rootValue: { gatewayVersion: packageJson.version, addQueryToEventStream, removeQueryFromEventStream },
  subscriptions: new Map(fields.map((field) => [field.name, field])),
};
