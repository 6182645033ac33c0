import { isJsonObject } from "../../src/core/json.ts";
import { defineChannelSubscription } from "../../src/core/operation/channel-subscription.ts";
import { parseUuid } from "../../src/core/uuid.ts";
import { refuseWithoutFlag } from "../refuse-without-flag.ts";

interface OnAgentChatEventArgs {
  /** In lower case, as the schema coerced it. */
  readonly threadId: string;
}

interface ChatEvent {
  readonly threadId: string;
  readonly event: unknown;
}

/** What happens in a thread of the AI chat, for the users that each message names. */
export const onAgentChatEvent = defineChannelSubscription<OnAgentChatEventArgs, ChatEvent>({
  name: "onAgentChatEvent",
  channel: "AGENT_CHAT_CHANNEL",
  interestOf: ({ threadId }) => [threadId],
  refuse(_args, caller, viewer) {
    if (caller.kind !== "user") return "A chat is for users.";
    return refuseWithoutFlag(viewer, "AI");
  },
  initialValue: ({ threadId }) => ({ threadId, event: { type: "keepalive" } }),
  read({ onAgentChatEvent: chat }, threadId) {
    // One that speaks of another thread than its channel is nobody's.
    if (!isJsonObject(chat) || chat.event == null || parseUuid(chat.threadId) !== threadId) return undefined;
    return { threadId, event: chat.event };
  },
  topicOf: ({ threadId }) => [threadId],
  toValue: (chat) => chat,
});
