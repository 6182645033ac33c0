import type { JsonObject } from "../json.ts";
import { readChannelName } from "./channel-name.ts";
import { parseDatabaseEventPayload } from "./database-event-channel.ts";
import { readEventStreamPayload } from "./event-stream-payload.ts";
import type { ChannelMessage, RecordMessage } from "./message.ts";
import type { MessageRules } from "./message-rules.ts";
import { readOptional, refuse } from "./read-field.ts";
import { readRecipients } from "./read-recipients.ts";

/** Parses what `RedisPubSub.publish` carried. Records on their old channel become a record message. */
export function parseChannelMessage(
  input: JsonObject,
  workspaceId: string,
  rules: MessageRules,
): ChannelMessage | RecordMessage {
  const { channel, twenty } = readChannelName(input.channel, "channel", workspaceId);
  const { payload } = input;
  if (payload === undefined) refuse("payload", "any JSON value");
  const path = "recipientUserWorkspaceIds";
  const recipientUserWorkspaceIds = readOptional(input[path], path, readRecipients);
  switch (twenty) {
    case "DATABASE_EVENT_CHANNEL":
      // Who receives a record is for permissions to say: a list that had no effect must not look like one that has.
      if (recipientUserWorkspaceIds !== undefined) refuse(path, `nothing on ${twenty}`);
      return parseDatabaseEventPayload(payload, rules);
    case "EVENT_STREAM_CHANNEL": {
      const kept = readEventStreamPayload(payload, rules.secretFields);
      return { kind: "channel", channel, payload: kept, recipientUserWorkspaceIds };
    }
    case "AGENT_CHAT_CHANNEL":
      if (!recipientUserWorkspaceIds?.length) refuse(path, `the user workspaces that may read this ${twenty}`);
      return { kind: "channel", channel, payload, recipientUserWorkspaceIds };
    default:
      return { kind: "channel", channel, payload, recipientUserWorkspaceIds };
  }
}
