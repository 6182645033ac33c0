import type { StreamQuery } from "./event-stream.ts";

export const OBJECTS = ["person", "company", "opportunity"] as const;
export const ACTIONS = ["CREATED", "UPDATED", "DELETED"] as const;

/** What a function's log is in the place of an object and an action. */
export const LOG = { objectNameSingular: "function log", action: "WRITTEN" } as const;

/** What one event is, as far as anybody can ask for it. */
export interface ChaosEvent {
  /** Another one for each event, of any workspace; it is the name in the record. */
  readonly key: string;
  readonly objectNameSingular: string;
  readonly action: string;
  readonly recordId: string;
  /** The only user workspaces that may have it; it is a function's log then, and no record. */
  readonly recipients?: readonly string[];
}

/** What an operation asks for: the input of an `onDbEvent`, the function logs that a user workspace may have, or queries. */
export interface Input {
  readonly objectNameSingular?: string;
  readonly action?: string;
  readonly recordId?: string;
  readonly logsFor?: string;
  readonly queries?: readonly StreamQuery[];
}

/** The events of one workspace that a publisher was told are taken, by their offsets. */
export class AcceptedLog {
  /** What the keys of this workspace's events end with. */
  readonly keySuffix = `@${crypto.randomUUID().slice(0, 8)}`;
  /** Answers that contradict each other. */
  readonly contradictions: string[] = [];
  readonly #byOffset = new Map<number, ChaosEvent>();
  readonly #offsets = new Map<string, number>();
  head = 0;

  /** @param last offset of the last of the events */
  accept(events: readonly ChaosEvent[], last: number): void {
    for (const [i, event] of events.entries()) {
      const offset = last - events.length + 1 + i;
      const there = this.#byOffset.get(offset);
      if (there !== undefined && there.key !== event.key) {
        this.contradictions.push(`offset ${offset} is event ${there.key} and event ${event.key}`);
      }
      this.#byOffset.set(offset, event);
      this.#offsets.set(event.key, offset);
    }
    this.head = Math.max(this.head, last);
  }

  offsetOf(key: string): number | undefined {
    return this.#offsets.get(key);
  }

  at(offset: number): ChaosEvent | undefined {
    return this.#byOffset.get(offset);
  }

  /** Offsets of the events that fit an input, from one offset (not included) to another. */
  *owed(input: Input, after: number, upTo: number): Generator<number> {
    for (let offset = after + 1; offset <= upTo; offset++) {
      const event = this.#byOffset.get(offset);
      if (event !== undefined && fits(input, event)) yield offset;
    }
  }

  /** Offsets up to the head that no answer told of. */
  holes(): number[] {
    return Array.from({ length: this.head }, (_, i) => i + 1).filter((offset) => !this.#byOffset.has(offset));
  }
}

export function offsetOf(position: string): number {
  return Number(position.split(".")[2]);
}

/** The ids of the queries of an event stream that an event fits. */
export function fittingQueries(queries: readonly StreamQuery[], event: ChaosEvent): string[] {
  return queries.filter((query) => fits(query, event)).map(({ id }) => id);
}

function fits(input: Input, event: ChaosEvent): boolean {
  const { objectNameSingular, action, recordId, logsFor, queries } = input;
  if (queries !== undefined) return fittingQueries(queries, event).length > 0;
  if (logsFor !== undefined) return event.recipients?.includes(logsFor) === true;
  if (event.recipients !== undefined) return false;
  return (
    (objectNameSingular === undefined || objectNameSingular === event.objectNameSingular) &&
    (action === undefined || action === event.action) &&
    (recordId === undefined || recordId === event.recordId)
  );
}
