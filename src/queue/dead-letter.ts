import type { PublishError } from "../core/pubsub/publish-request.ts";
import type { SecretFields } from "../core/pubsub/secret-fields.ts";
import { utf8Size } from "../core/text-size.ts";
import { redact } from "./redact.ts";

/** What the dead-letter queue holds: a message that was given up, and why. */
export interface DeadLetter {
  readonly reason: Pick<PublishError, "code" | "message">;
  readonly queueMessageId: string;
  readonly attempts: number;
  /** When it was given up, as an ISO 8601 string. */
  readonly at: string;
  /** As it came, but for whatever bears the name of a secret field. */
  readonly body?: unknown;
  /** Says why there is no body. */
  readonly bodyOmitted?: string;
}

/** A queue takes 128,000 bytes, its own ones included. */
const MAX_LETTER_BYTES = 127_000;
const MAX_BODY_DEPTH = 64;

export function deadLetterOf(
  message: { readonly id: string; readonly attempts: number; readonly body: unknown },
  { code, message: text }: PublishError,
  secretFields: SecretFields,
): DeadLetter {
  const { id: queueMessageId, attempts } = message;
  const at = new Date().toISOString();
  const letter: DeadLetter = { reason: { code, message: text }, queueMessageId, attempts, at };
  const secretNames = new Set([...secretFields.values()].flatMap((names) => [...names]));
  const body = redact(message.body, secretNames, { maxDepth: MAX_BODY_DEPTH, maxSize: MAX_LETTER_BYTES });
  const whole: DeadLetter = { ...letter, body };
  const fits = body !== undefined && utf8Size(JSON.stringify(whole)) <= MAX_LETTER_BYTES;
  return fits ? whole : { ...letter, bodyOmitted: "It does not fit a dead letter." };
}
