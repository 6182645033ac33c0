import { isJsonObject, type JsonObject } from "../src/core/json.ts";
import { type ChannelSubscription, defineChannelSubscription } from "../src/core/operation/channel-subscription.ts";
import type { SubscriptionField } from "../src/core/operation/subscription-field.ts";
import { parseUuid } from "../src/core/uuid.ts";
import { refuseWithoutFlag } from "./refuse-without-flag.ts";

/** What tells functions apart: an input may ask for each, and a payload says it of its function. */
const IDS = ["id", "universalIdentifier", "applicationId", "applicationUniversalIdentifier"] as const;

interface FunctionLogsArgs {
  readonly input: { readonly [Key in (typeof IDS)[number] | "name"]?: string | null };
}

/**
 * Declares a field that carries the logs of functions; whatever part of its input is set must be the payload's. Few listen
 * to a workspace's logs, and in five dimensions a look-up would be 32: so nothing is looked up, and each group is asked.
 */
export function defineLogsSubscription(
  name: string,
  channel: ChannelSubscription<FunctionLogsArgs, JsonObject>["channel"],
): SubscriptionField {
  return defineChannelSubscription<FunctionLogsArgs, JsonObject>({
    name,
    channel,
    interestOf: () => [],
    refuse: (_args, _caller, viewer) => refuseWithoutFlag(viewer, "WORKFLOWS"),
    read(payload) {
      const logs = payload[name];
      return isJsonObject(logs) && typeof logs.logs === "string" ? logs : undefined;
    },
    topicOf: () => [],
    toValue(logs, _viewer, { input }) {
      if (input.name != null && input.name !== logs.name) return undefined;
      // Those of the input are in lower case, as the schema coerced them.
      if (IDS.some((key) => input[key] != null && input[key] !== parseUuid(logs[key]))) return undefined;
      return {
        logs: logs.logs,
        name: typeof logs.name === "string" ? logs.name : undefined,
        universalIdentifier: parseUuid(logs.universalIdentifier),
      };
    },
  });
}
