import type { Viewer } from "../permissions/viewer.ts";
import type { Principal } from "../principal.ts";
import type { Message, RecordEvent, RecordMessage } from "../pubsub/message.ts";
import type { Interest } from "../pubsub/subscription-index.ts";
import type { EventStreams } from "../streams/event-streams.ts";

/**
 * How one subscription field is served. Everything here is a pure function of its arguments: live delivery and replay
 * both run it, and equal operations share one run.
 */
export interface SubscriptionField<Args = unknown> {
  /** The root field in the schema. */
  readonly name: string;
  /** The kinds of published messages that it listens to. */
  readonly listensTo: readonly Message["kind"][];
  /**
   * What an operation with these arguments wants to hear of.
   * @throws GraphQLError for arguments that cannot be served, which ends the operation with BAD_USER_INPUT
   */
  readonly interestOf: (args: Args) => Interest;
  /** Says why this caller may not subscribe; undefined lets it. Asked again whenever permissions change. */
  readonly refuse?: (args: Args, caller: Principal, viewer: Viewer) => string | undefined;
  /** The event stream that an operation with these arguments holds. */
  readonly streamOf?: (args: Args) => string;
  /**
   * A value that every operation gets at once when it begins, and that the edge repeats to clients which have no ping of
   * their own. It is no event: it only says that the operation runs, and is the same for every caller.
   */
  readonly initialValue?: (args: Args) => unknown;
  /** The types in its results of which a value may be a `SharedValue`. */
  readonly sharedTypes?: readonly string[];
  /** What a message holds for subscribers of this field, in order. */
  readonly occurrencesIn: (message: Message, at: number, scope: Scope) => readonly Occurrence<Args>[];
}

/** What a message meets besides the arguments of operations. */
export interface Scope {
  readonly streams: EventStreams;
  /** The interest of the only operation that is asked for, in a replay. */
  readonly only?: Interest;
}

/** One thing that happened, and so one `next` for everybody who asked for it and may see it. */
export interface Occurrence<Args = unknown> {
  /** As many parts as the interests of the field have. */
  readonly topic: readonly string[];
  /** Which of the message's events it is, from 0; the position follows from it. */
  readonly event: number;
  /**
   * The value of the root field for whoever may see so much and asked for this; undefined when that leaves nothing. What
   * can be looked up belongs into the topic: this is run for every group whose interest fits.
   */
  readonly valueFor: (viewer: Viewer, args: Args) => unknown;
  /** The user workspaces that it is for; nobody else gets it. */
  readonly recipients?: ReadonlySet<string>;
}

/**
 * Declares a field with typed arguments. The schema has coerced the arguments before any function of the declaration
 * sees them, which is what makes the one cast here true.
 */
export function defineSubscription<Args>(field: SubscriptionField<Args>): SubscriptionField {
  return field as SubscriptionField;
}

/** How a field is served that carries records, one `next` for each event. */
export interface RecordSubscription<Args> extends Pick<SubscriptionField<Args>, "name" | "interestOf" | "refuse"> {
  readonly topicOf: (message: RecordMessage, event: RecordEvent) => readonly string[];
  /** @param event as the subscriber may see it */
  readonly toValue: (message: RecordMessage, event: RecordEvent, at: number) => unknown;
}

/** Declares a field that carries records. Its values are made of what the permissions of a subscriber leave of an event. */
export function defineRecordSubscription<Args>(field: RecordSubscription<Args>): SubscriptionField {
  const { topicOf, toValue, ...declared } = field;
  return defineSubscription({
    ...declared,
    listensTo: ["record"],
    occurrencesIn(message, at) {
      if (message.kind !== "record") return [];
      return message.events.flatMap((event, i) => {
        if (event.superseded === true) return [];
        let made: { readonly seen: RecordEvent; readonly value: unknown } | undefined;
        const valueFor = (viewer: Viewer) => {
          const seen = viewer.see(message, event);
          if (seen === undefined) return undefined;
          // Whoever sees the same is given the same.
          if (made?.seen !== seen) made = { seen, value: toValue(message, seen, at) };
          return made.value;
        };
        return [{ topic: topicOf(message, event), event: i, valueFor }];
      });
    },
  });
}
