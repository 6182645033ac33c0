import { isJsonObject } from "../core/json.ts";
import { parseMessage } from "../core/pubsub/parse-message.ts";
import type { PublishRequest } from "../core/pubsub/publish-request.ts";
import { sha256 } from "../core/sha256.ts";
import { parseUuid } from "../core/uuid.ts";
import type { PublishDoor } from "./publish-door.ts";
import { isRefused, publishErrorOf, type RefusedResult } from "./publish-result.ts";
import type { ReadMessage } from "./read-messages.ts";

/** A message that its workspace's object can be asked to take. */
export interface PreparedMessage {
  readonly workspaceId: string;
  readonly request: PublishRequest;
}

/**
 * Parses a message and gives it what the object needs. It has its id before the object is called: the runtime may repeat
 * a call, and a publisher may repeat a message whose answer was lost.
 * @param fallbackId the id of a message that brings none; without it, a random one
 */
export async function prepareMessage(
  read: ReadMessage | RefusedResult,
  door: PublishDoor,
  fallbackId: string | undefined,
): Promise<PreparedMessage | RefusedResult> {
  if (isRefused(read)) return read;
  let message = read.value;
  try {
    if (door.unwrap !== undefined) message = door.unwrap(message);
    const parsed = parseMessage(message, door.settings);
    const request = {
      id: parsed.id ?? fallbackId ?? crypto.randomUUID(),
      digest: await sha256(parsed.content),
      source: door.source,
      events: parsed.eventCount,
      body: JSON.stringify(parsed.message),
    };
    return { workspaceId: parsed.workspaceId, request };
  } catch (thrown) {
    return { ...whatIsKnownOf(message, door), error: publishErrorOf(thrown) };
  }
}

/** As much as tells a publisher which message was refused. */
function whatIsKnownOf(message: unknown, door: PublishDoor): Omit<RefusedResult, "error"> {
  if (!isJsonObject(message)) return {};
  const { id } = message;
  const isId = typeof id === "string" && id.length <= door.settings.limits.MAX_MESSAGE_ID_LENGTH;
  const workspaceId = parseUuid(message.workspaceId);
  return { ...(isId && { id }), ...(workspaceId !== undefined && { workspaceId }) };
}
