import { isJsonObject, type JsonObject } from "../json.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { TwentyChannel } from "../pubsub/channel-name.ts";
import { defineSubscription, type SubscriptionField } from "./subscription-field.ts";

/** How a field is served that carries what is published on a channel of Twenty, one `next` for each payload. */
export interface ChannelSubscription<Args, Content>
  extends Pick<SubscriptionField<Args>, "name" | "interestOf" | "refuse" | "initialValue"> {
  readonly channel: TwentyChannel;
  /**
   * Reads a payload, which nobody has looked into before; undefined for one that is not as it should be, which then
   * reaches nobody.
   * @param argument what stands behind the channel's name; empty where there is nothing
   */
  readonly read: (payload: JsonObject, argument: string) => Content | undefined;
  readonly topicOf: (content: Content) => readonly string[];
  readonly toValue: (content: Content, viewer: Viewer, args: Args, at: number) => unknown;
}

/** Declares a field that carries the payloads of a channel. Where a message names recipients, nobody else gets it. */
export function defineChannelSubscription<Args, Content>(field: ChannelSubscription<Args, Content>): SubscriptionField {
  const { channel, read, topicOf, toValue, ...declared } = field;
  return defineSubscription<Args>({
    ...declared,
    listensTo: ["channel"],
    occurrencesIn(message, at) {
      if (message.kind !== "channel") return [];
      const [base, argument = ""] = message.channel.split(":");
      if (base !== channel || !isJsonObject(message.payload)) return [];
      const content = read(message.payload, argument);
      if (content === undefined) return [];
      const recipients = message.recipientUserWorkspaceIds;
      return [
        {
          topic: topicOf(content),
          event: 0,
          valueFor: (viewer, args) => toValue(content, viewer, args, at),
          ...(recipients !== undefined && { recipients: new Set(recipients) }),
        },
      ];
    },
  });
}
