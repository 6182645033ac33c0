export const OBJECTS = ["person", "company", "opportunity"] as const;
export const ACTIONS = ["CREATED", "UPDATED", "DELETED"] as const;

/** What one event is, as far as anybody can ask for it. */
export interface ChaosEvent {
  /** Another one for each event; it is the name in the record. */
  readonly key: number;
  readonly objectNameSingular: string;
  readonly action: string;
  readonly recordId: string;
}

/** The input of an `onDbEvent`. */
export interface Input {
  readonly objectNameSingular?: string;
  readonly action?: string;
  readonly recordId?: string;
}

/** The events of one workspace that a publisher was told are taken, by their offsets. */
export class AcceptedLog {
  /** Answers that contradict each other. */
  readonly contradictions: string[] = [];
  readonly #byOffset = new Map<number, ChaosEvent>();
  readonly #offsets = new Map<number, number>();
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

  offsetOf(key: number): number | undefined {
    return this.#offsets.get(key);
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

/** What came of one operation. All but `delivered` must be 0. */
export interface Verdict {
  readonly delivered: number;
  readonly lost: number;
  readonly twice: number;
  readonly outOfOrder: number;
  readonly gaps: number;
  readonly foreign: number;
  readonly afterRevoke: number;
}

export type Totals = Verdict;

interface Received {
  readonly key: number;
  /** Undefined where the client was told no position. */
  readonly offset: number | undefined;
  readonly revokedAt: number | undefined;
}

/**
 * What one operation is owed over all its sockets. One that resumes: every event that fits after its first position,
 * once and in order. Any other: on each socket, from the first event it got to the last, all that fit.
 */
export class OperationModel {
  readonly input: Input;
  readonly resumes: boolean;
  /** The newest offset that the client was given or told. */
  cursor: number | undefined;
  readonly #log: AcceptedLog;
  /** What came on one socket after the other. */
  readonly #runs: Received[][] = [];
  #from: number | undefined;
  #gaps = 0;

  constructor(log: AcceptedLog, input: Input, resumes: boolean) {
    this.#log = log;
    this.input = input;
    this.resumes = resumes;
  }

  /** It begins on another socket. */
  subscribed(): void {
    this.#runs.push([]);
  }

  told(offset: number): void {
    this.#from ??= offset;
    this.cursor = Math.max(this.cursor ?? 0, offset);
  }

  gap(offset: number): void {
    this.#gaps++;
    this.told(offset);
  }

  /** @param revokedAt the head of the log when its caller was revoked: nothing later may come on that socket */
  received(key: number, offset: number | undefined, revokedAt: number | undefined): void {
    this.#runs.at(-1)?.push({ key, offset, revokedAt });
    if (offset === undefined) return;
    this.#from ??= offset - 1;
    this.cursor = Math.max(this.cursor ?? 0, offset);
  }

  verdict(): Verdict {
    const runs = this.resumes ? [this.#runs.flat()] : this.#runs;
    const verdicts = runs.map((run) => this.#judge(run));
    return totalsOf([...verdicts, { ...NOTHING, gaps: this.#gaps }]);
  }

  #judge(run: readonly Received[]): Verdict {
    const seen = new Set<number>();
    const verdict = { ...NOTHING, delivered: run.length };
    let newest = 0;
    let first: number | undefined;
    for (const { key, offset, revokedAt } of run) {
      const accepted = this.#log.offsetOf(key);
      if (accepted === undefined || (offset !== undefined && offset !== accepted)) {
        verdict.foreign++;
        continue;
      }
      if (seen.has(accepted)) verdict.twice++;
      else if (accepted < newest) verdict.outOfOrder++;
      if (revokedAt !== undefined && accepted > revokedAt) verdict.afterRevoke++;
      seen.add(accepted);
      first ??= accepted;
      newest = Math.max(newest, accepted);
    }
    const [after, upTo] = this.resumes ? [this.#from ?? this.#log.head, this.#log.head] : [(first ?? 1) - 1, newest];
    const owed = new Set(this.#log.owed(this.input, after, upTo));
    for (const offset of owed) if (!seen.has(offset)) verdict.lost++;
    for (const offset of seen) if (!owed.has(offset)) verdict.foreign++;
    return verdict;
  }
}

export function totalsOf(verdicts: readonly Verdict[]): Totals {
  const totals = { ...NOTHING };
  for (const verdict of verdicts) {
    for (const what of Object.keys(totals) as (keyof Verdict)[]) totals[what] += verdict[what];
  }
  return totals;
}

export function isClean({ delivered: _, ...wrong }: Totals): boolean {
  return Object.values(wrong).every((count) => count === 0);
}

const NOTHING = { delivered: 0, lost: 0, twice: 0, outOfOrder: 0, gaps: 0, foreign: 0, afterRevoke: 0 };

function fits(input: Input, event: ChaosEvent): boolean {
  const { objectNameSingular, action, recordId } = input;
  return (
    (objectNameSingular === undefined || objectNameSingular === event.objectNameSingular) &&
    (action === undefined || action === event.action) &&
    (recordId === undefined || recordId === event.recordId)
  );
}
