import { GatewayError } from "../../src/core/errors.ts";
import { codedError } from "../../src/core/operation/coded-error.ts";
import { defineSubscription, type SubscriptionField } from "../../src/core/operation/subscription-field.ts";
import { readChannelName } from "../../src/core/pubsub/channel-name.ts";
import { matchesPattern, readChannelPattern } from "../../src/core/pubsub/channel-pattern.ts";

interface ChannelArgs {
  readonly name: string;
  readonly pattern?: boolean | null;
}

/**
 * The payloads on channels of one workspace. Those for some users only are for servers too, which tell their users apart
 * themselves.
 */
export function channelIn(workspaceId: string): SubscriptionField {
  return defineSubscription<ChannelArgs>({
    name: "channel",
    listensTo: ["channel"],
    interestOf({ name, pattern }) {
      try {
        if (pattern !== true) return [readSubscribable(name, workspaceId)];
        readChannelPattern(name, "name", workspaceId);
        return [undefined];
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown;
        throw codedError("BAD_USER_INPUT", thrown.message);
      }
    },
    occurrencesIn(message) {
      if (message.kind !== "channel") return [];
      const { channel, payload, recipientUserWorkspaceIds } = message;
      const value = { channel, payload, recipientUserWorkspaceIds };
      const isAskedFor = ({ name, pattern }: ChannelArgs) =>
        pattern !== true || matchesPattern(readChannelPattern(name, "name", workspaceId), channel);
      return [{ topic: [channel], event: 0, valueFor: (_, args) => (isAskedFor(args) ? value : undefined) }];
    },
  });
}

/** What is published on `DATABASE_EVENT_CHANNEL` becomes a record event: a subscriber would wait for ever. */
function readSubscribable(name: string, workspaceId: string): string {
  const { channel, twenty } = readChannelName(name, "name", workspaceId);
  if (twenty !== "DATABASE_EVENT_CHANNEL") return channel;
  throw codedError("BAD_USER_INPUT", "Records are no channel payloads: their events are those of onDbEvent.");
}
