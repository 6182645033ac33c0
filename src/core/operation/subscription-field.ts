import type { Principal } from "../principal.ts";
import type { Message } from "../pubsub/message.ts";
import type { Interest } from "../pubsub/subscription-index.ts";

/**
 * How one subscription field is served. Everything here is a pure function of its arguments: live delivery and replay
 * both run it, and equal operations share one run.
 */
export interface SubscriptionField<Args = unknown> {
  /** The root field in the schema. */
  readonly name: string;
  /** The kind of published message that it listens to. */
  readonly listensTo: Message["kind"];
  /** Whether it carries records, and so is under the rules of permissions. */
  readonly carriesRecords: boolean;
  /** What an operation with these arguments wants to hear of. */
  readonly interestOf: (args: Args) => Interest;
  /** Says why this caller may not subscribe; undefined lets it. */
  readonly refuse?: (args: Args, caller: Principal) => string | undefined;
  /** What a message holds for subscribers of this field, in order. */
  readonly occurrencesIn: (message: Message, at: number) => readonly Occurrence[];
}

/** One thing that happened, and so one `next` for everybody who asked for it. */
export interface Occurrence {
  /** As many parts as the interests of the field have. */
  readonly topic: readonly string[];
  /** Which of the message's events it is, from 0; the position follows from it. */
  readonly event: number;
  /** The value of the root field. */
  readonly value: unknown;
}

/**
 * Declares a field with typed arguments. The schema has coerced the arguments before any function of the declaration
 * sees them, which is what makes the one cast here true.
 */
export function defineSubscription<Args>(field: SubscriptionField<Args>): SubscriptionField {
  return field as SubscriptionField;
}
