import { canonicalJson, type JsonObject } from "../json.ts";
import type { Message } from "./message.ts";
import type { MessageRules } from "./message-rules.ts";
import { parseChannelMessage } from "./parse-channel-message.ts";
import { parseMetadataMessage } from "./parse-metadata-message.ts";
import { parseQueueJobMessage } from "./parse-queue-job-message.ts";
import { parseRecordMessage } from "./parse-record-message.ts";
import { readObject, readOptional, readText, readUuid, refuse } from "./read-field.ts";

export interface ParsedMessage {
  /** Undefined when the publisher gave none. */
  readonly id: string | undefined;
  readonly workspaceId: string;
  /** Without what is secret and without what the gateway does not know. */
  readonly message: Message;
  readonly eventCount: number;
  /**
   * Equal for equal content, whatever its id: canonical JSON of the message as it came, so that neither a changed
   * setting nor a newer gateway makes a repeated message look like another.
   */
  readonly content: string;
}

/**
 * Parses a published message of any of the four shapes.
 * @param input plain JSON whose depth was checked; keys that are not known are ignored
 * @throws GatewayError BAD_MESSAGE or TOO_LARGE, naming the field and what was expected there, never what it holds
 */
export function parseMessage(input: unknown, rules: MessageRules): ParsedMessage {
  const published = readObject(input, "message");
  const { id, ...content } = published;
  const workspaceId = readUuid(published.workspaceId, "workspaceId");
  const message = parseContent(published, workspaceId, rules);
  return {
    id: readMessageId(id, rules),
    workspaceId,
    message,
    eventCount: "events" in message ? message.events.length : 1,
    content: canonicalJson({ ...content, workspaceId }),
  };
}

/** @throws GatewayError BAD_MESSAGE for an id that is there and cannot be one */
function readMessageId(value: unknown, { limits }: MessageRules): string | undefined {
  return readOptional(value, "id", (id, path) => readText(id, path, limits.MAX_MESSAGE_ID_LENGTH));
}

function parseContent(input: JsonObject, workspaceId: string, rules: MessageRules): Message {
  if (input.channel != null) {
    if (input.name != null) refuse("name", "none beside a channel");
    return parseChannelMessage(input, workspaceId, rules);
  }
  const name = readText(input.name, "name", MAX_NAME_LENGTH);
  if (isMetadataName(name, input)) return parseMetadataMessage(input, name, rules);
  if (name === "queueJob.updated" && input.job != null) return parseQueueJobMessage(input);
  return parseRecordMessage(input, name, rules);
}

/** `metadata.created` alone may be of an object of that name. */
function isMetadataName(name: string, input: JsonObject): boolean {
  return name.startsWith("metadata.") && (input.metadataName != null || name.split(".").length > 2);
}

/** An object's name with an action behind it. */
const MAX_NAME_LENGTH = 160;
