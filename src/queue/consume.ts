import type { Message as CloudflareMessage } from "@cloudflare/workers-types";
import { messageOf } from "../core/errors.ts";
import type { PublishError } from "../core/pubsub/publish-request.ts";
import { type PublishDoor, type PublishResult, publishMessages } from "../publish/publish-messages.ts";
import { isRefused, publishErrorOf } from "../publish/publish-result.ts";
import { type DeadLetter, deadLetterOf } from "./dead-letter.ts";
import { decodeQueueBody } from "./decode.ts";

export interface QueueDoor extends Pick<PublishDoor, "settings" | "workspaceOf"> {
  readonly deadLetters: { send(letter: DeadLetter): Promise<unknown> };
}

/** The part of a `MessageBatch` that is used. */
export interface QueueBatch {
  readonly messages: readonly QueueMessage[];
}

export type QueueMessage = Pick<CloudflareMessage, "id" | "attempts" | "body" | "ack" | "retry">;

/**
 * Some tries short of `max_retries` in wrangler.jsonc: past that the platform itself moves the body to the dead letters,
 * secret fields and all.
 */
const MAX_ATTEMPTS = 95;
/** With the 95 attempts this lasts for about 21 hours. */
const MAX_DELAY_SECONDS = 900;

/**
 * Publishes a batch and settles each of its messages by itself: what is taken (now or before) is acknowledged, what
 * cannot be taken now comes again later and later, what never can goes to the dead letters. It never throws: the local
 * queue forgets what was acknowledged when its consumer fails.
 */
export async function consumeBatch({ messages }: QueueBatch, door: QueueDoor): Promise<void> {
  const results = await publishBatch(messages, door);
  await Promise.allSettled(messages.map((message, i) => settle(message, results[i], door)));
}

async function publishBatch(
  messages: readonly QueueMessage[],
  { settings, workspaceOf }: QueueDoor,
): Promise<readonly PublishResult[]> {
  if (messages.length === 0) return [];
  try {
    const fallbackIds = messages.map(({ id }) => id);
    const bodies = messages.map(({ body }) => body);
    const door = { settings, workspaceOf, source: "queue", fallbackIds, unwrap: decodeQueueBody } as const;
    return (await publishMessages(bodies, door)).results;
  } catch (thrown) {
    const error = publishErrorOf(thrown);
    return messages.map(() => ({ error }));
  }
}

async function settle(message: QueueMessage, result: PublishResult | undefined, door: QueueDoor): Promise<void> {
  try {
    if (result === undefined) retryLater(message);
    else if (!isRefused(result)) message.ack();
    else if (result.error.retryable && message.attempts < MAX_ATTEMPTS) retryLater(message);
    else {
      await door.deadLetters.send(deadLetterOf(message, result.error, door.settings.secretFields));
      logGivenUp(message, result.error);
      message.ack();
    }
  } catch (thrown) {
    console.error({
      message: "A queue message could not be settled",
      queueMessageId: message.id,
      error: messageOf(thrown),
    });
    retryLater(message);
  }
}

/** 2, 4, 8 … seconds, up to 15 minutes. */
function retryLater(message: QueueMessage): void {
  message.retry({ delaySeconds: Math.min(2 ** Math.max(message.attempts, 1), MAX_DELAY_SECONDS) });
}

function logGivenUp({ id, attempts }: QueueMessage, { code, message }: PublishError): void {
  console.error({ message: "A queue message was given up", queueMessageId: id, attempts, reason: { code, message } });
}
