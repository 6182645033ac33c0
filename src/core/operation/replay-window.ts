import { messageOf } from "../errors.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { LogRow } from "../pubsub/replay-log.ts";
import type { Interest } from "../pubsub/subscription-index.ts";
import type { SubscriptionPlan } from "./plan-operation.ts";
import type { Occurrence, Scope, SubscriptionField } from "./subscription-field.ts";
import { type LoggedMessage, makePayload, offsetOf, type Payload } from "./subscription-groups.ts";

/** What an operation would have received of a stretch of the log. */
export interface ReplayPage {
  readonly payloads: readonly Payload[];
  /** Everything up to this offset is in the page or was nothing for the operation. */
  readonly upTo: number;
}

/** An operation that is replayed. */
export interface Replayed {
  /** The same for equal operations of callers that may see the same. */
  readonly key: string;
  readonly plan: SubscriptionPlan;
  readonly viewer: Viewer;
}

/** What a window needs of its surroundings. */
export interface ReplayContext extends Scope {
  readonly workspaceId: string;
  /** Parses a row. */
  readonly read: (row: LogRow) => LoggedMessage;
  readonly positionAt: (offset: number) => string;
}

interface LoggedOccurrence {
  readonly occurrence: Occurrence;
  readonly offset: number;
}

/** Payloads that are kept for operations that are equal to one that had them. */
const KEPT_PAYLOAD_BYTES = 1024 * 1024;
/** What keeping one takes besides, or that there is none. */
const ENTRY_BYTES = 100;
/** Permission classes that may look at the same parsed events. */
const CLASSES_AT_ONCE = 8;

/**
 * A stretch of the log, read for all operations that have come as far as that, wherever in it they are. Its rows are
 * parsed once, what happened in them is found by interest without asking every event, and equal operations share the
 * execution: what they get is what they would have got live.
 */
export class ReplayWindow {
  /** It has all events after this offset up to the other. */
  readonly after: number;
  readonly upTo: number;
  readonly #context: ReplayContext;
  readonly #rows: readonly LogRow[];
  #logged: readonly LoggedMessage[];
  /** The permission classes that have looked at what is parsed. */
  readonly #classes = new Set<string>();
  /** By field and the parts of it that are asked for, then by what is asked. */
  readonly #indexes = new Map<string, ReadonlyMap<string, readonly LoggedOccurrence[]>>();
  /** By key of the operation, then by offset; undefined is what the operation did not want after all. */
  readonly #payloads = new Map<string, Map<number, Payload | undefined>>();
  #payloadBytes = 0;

  /**
   * @param rows all rows of the log with events after `after`, in order, up to the last of them
   * @param head how far the window reaches when there are none
   */
  constructor(context: ReplayContext, after: number, rows: readonly LogRow[], head: number) {
    this.#context = context;
    this.after = after;
    this.upTo = rows.at(-1)?.offset ?? head;
    this.#rows = rows;
    this.#logged = this.#parse();
  }

  /** Whether it has what comes next for whoever has come to an offset. */
  has(offset: number): boolean {
    return this.after <= offset && offset < this.upTo;
  }

  /**
   * What an operation gets of it, in order.
   * @param after events up to this offset are left out
   * @param maxBytes the page ends with the event that fills it, which may be between two events of one row
   */
  page(operation: Replayed, after: number, maxBytes: number): ReplayPage {
    const payloads: Payload[] = [];
    let bytes = 0;
    let upTo = after;
    this.#letIn(operation.viewer);
    for (const found of this.#find(operation.plan, after)) {
      const payload = this.#payloadOf(operation, found);
      if (payload === undefined) continue;
      if (bytes >= maxBytes) return { payloads, upTo };
      payloads.push(payload);
      bytes += payload.bytes;
      upTo = payload.offset;
    }
    return { payloads, upTo: Math.max(after, this.upTo) };
  }

  #parse(): readonly LoggedMessage[] {
    return this.#rows.flatMap((row) => this.#leaveOutBroken(row, () => [this.#context.read(row)]));
  }

  /**
   * A viewer keeps what it sees of an event for as long as the event is there, which is not long while events are live.
   * With filters that ask for the caller, each user is a class: parsed anew, events leave the copies of thousands behind.
   */
  #letIn({ key }: Viewer): void {
    if (this.#classes.size >= CLASSES_AT_ONCE && !this.#classes.has(key)) {
      this.#classes.clear();
      this.#indexes.clear();
      this.#logged = this.#parse();
    }
    this.#classes.add(key);
  }

  /** What happened after an offset that a plan wants to hear of. */
  *#find({ field, interest }: SubscriptionPlan, after: number): Generator<LoggedOccurrence> {
    if (field.streamOf !== undefined) return yield* this.#findOfStream(field, interest, after);
    const name = JSON.stringify([field.name, interest.map((part) => part !== undefined)]);
    const index = this.#indexes.get(name) ?? indexed(this.#logged.flatMap(this.#occurrencesIn(field)), interest);
    this.#indexes.set(name, index);
    const found = index.get(keyOf(interest, interest)) ?? [];
    for (let i = firstAfter(found, after); i < found.length; i++) {
      const occurrence = found[i];
      if (occurrence !== undefined) yield occurrence;
    }
  }

  /** Row by row: what a stream asks for may change between two pages, and nobody else asks for it. */
  *#findOfStream(field: SubscriptionField, only: Interest, after: number): Generator<LoggedOccurrence> {
    const occurrencesIn = this.#occurrencesIn(field, only);
    for (const logged of this.#logged) {
      if (logged.row.offset <= after) continue;
      for (const found of occurrencesIn(logged)) if (found.offset > after && isIn(found, only)) yield found;
    }
  }

  #occurrencesIn(field: SubscriptionField, only?: Interest): (logged: LoggedMessage) => LoggedOccurrence[] {
    const scope = only === undefined ? this.#context : { ...this.#context, only };
    return ({ message, row }) =>
      this.#leaveOutBroken(row, () => {
        if (!field.listensTo.includes(message.kind)) return [];
        return field
          .occurrencesIn(message, row.at, scope)
          .map((occurrence) => ({ occurrence, offset: offsetOf(row, occurrence.event) }));
      });
  }

  #payloadOf(operation: Replayed, found: LoggedOccurrence): Payload | undefined {
    const { offset } = found;
    const known = this.#payloads.get(operation.key) ?? new Map<number, Payload | undefined>();
    if (known.has(offset)) return known.get(offset);
    const payload = this.#make(operation, found);
    if (operation.plan.field.streamOf !== undefined) return payload;
    this.#payloadBytes += ENTRY_BYTES + (payload?.bytes ?? 0);
    if (this.#payloadBytes > KEPT_PAYLOAD_BYTES) {
      this.#payloads.clear();
      this.#payloadBytes = 0;
    } else {
      this.#payloads.set(operation.key, known.set(offset, payload));
    }
    return payload;
  }

  #make({ plan, viewer }: Replayed, { occurrence, offset }: LoggedOccurrence): Payload | undefined {
    const [payload] = this.#leaveOutBroken({ offset }, () => [
      makePayload(plan, viewer, occurrence, offset, this.#context.positionAt),
    ]);
    return payload;
  }

  /** What cannot be delivered is left out and logged: it must not stop what comes after it. */
  #leaveOutBroken<Made>({ offset }: Pick<LogRow, "offset">, make: () => Made[]): Made[] {
    try {
      return make();
    } catch (thrown) {
      const { workspaceId } = this.#context;
      console.error({ message: "A row of the log cannot be replayed", workspaceId, offset, error: messageOf(thrown) });
      return [];
    }
  }
}

/** What was found, by as many parts of its topics as an interest has set. */
function indexed(
  found: readonly LoggedOccurrence[],
  interest: Interest,
): ReadonlyMap<string, readonly LoggedOccurrence[]> {
  const index = new Map<string, LoggedOccurrence[]>();
  for (const one of found) {
    const key = keyOf(one.occurrence.topic, interest);
    const alike = index.get(key);
    if (alike === undefined) index.set(key, [one]);
    else alike.push(one);
  }
  return index;
}

/** The parts of a topic that an interest has set. */
function keyOf(topic: Interest, interest: Interest): string {
  return JSON.stringify(topic.filter((_, i) => interest[i] !== undefined));
}

function isIn({ occurrence }: LoggedOccurrence, interest: Interest): boolean {
  return keyOf(occurrence.topic, interest) === keyOf(interest, interest);
}

/** Where those begin that come after an offset, which only grow. */
function firstAfter(found: readonly LoggedOccurrence[], offset: number): number {
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((found[middle]?.offset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
