import { messageOf } from "../core/errors.ts";
import type { PublishOutcome } from "../core/pubsub/publish-request.ts";
import type { PreparedMessage } from "./prepare-message.ts";
import type { PublishDoor } from "./publish-door.ts";
import { isRefused, type PublishResult, type RefusedResult, unavailable } from "./publish-result.ts";

/**
 * Asks each workspace once, with its messages in their order, and all workspaces at the same time. An object that fails
 * does not fail the messages of the others.
 */
export async function publishByWorkspace(
  messages: readonly (PreparedMessage | RefusedResult)[],
  workspaceOf: PublishDoor["workspaceOf"],
): Promise<PublishResult[]> {
  const results = messages.map((message) => (isRefused(message) ? message : noAnswer(message)));
  const asked = messages.flatMap((message, place) => (isRefused(message) ? [] : [{ ...message, place }]));
  const groups = Map.groupBy(asked, ({ workspaceId }) => workspaceId);
  await Promise.all(
    Array.from(groups, async ([workspaceId, group]) => {
      const outcomes = await askWorkspace(workspaceId, group, workspaceOf);
      for (const [i, message] of group.entries()) {
        const outcome = outcomes[i];
        if (outcome !== undefined) results[message.place] = resultOf(message, outcome);
      }
    }),
  );
  return results;
}

async function askWorkspace(
  workspaceId: string,
  group: readonly PreparedMessage[],
  workspaceOf: PublishDoor["workspaceOf"],
): Promise<readonly PublishOutcome[]> {
  try {
    return await workspaceOf(workspaceId).publish(group.map(({ request }) => request));
  } catch (thrown) {
    const error = messageOf(thrown);
    console.warn({ message: "A workspace could not be asked to publish", workspaceId, messages: group.length, error });
    return [];
  }
}

function resultOf({ workspaceId, request: { id } }: PreparedMessage, outcome: PublishOutcome): PublishResult {
  if (isRefused(outcome)) return { id, workspaceId, error: outcome.error };
  const { position, events, duplicate } = outcome;
  return { id, workspaceId, position, events, duplicate };
}

function noAnswer({ workspaceId, request: { id } }: PreparedMessage): PublishResult {
  return { id, workspaceId, error: unavailable("The workspace does not answer. Publish again with the same id.") };
}
