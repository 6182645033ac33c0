import { prepareMessage } from "./prepare-message.ts";
import { publishByWorkspace } from "./publish-by-workspace.ts";
import type { PublishDoor } from "./publish-door.ts";
import type { PublishAnswer } from "./publish-result.ts";
import { readMessages } from "./read-messages.ts";

export type { PublishDoor } from "./publish-door.ts";
export type { PublishAnswer, PublishResult, RefusedResult, TakenResult } from "./publish-result.ts";

/**
 * Publishes messages, whichever way they came. What the answer says is taken is durable; a message that cannot be taken
 * has its error in its place, and the others still go through.
 * @param input a list of messages, as parsed JSON or as a structured clone
 * @throws GatewayError BAD_MESSAGE for no list or an empty one, TOO_LARGE for a call past the limits of its door
 */
export async function publishMessages(input: unknown, door: PublishDoor): Promise<PublishAnswer> {
  const read = readMessages(input, door);
  const prepared = await Promise.all(read.map((message, i) => prepareMessage(message, door, door.fallbackIds?.[i])));
  return { results: await publishByWorkspace(prepared, door.workspaceOf) };
}
