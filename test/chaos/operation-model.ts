import { isDeepStrictEqual } from "node:util";
import { type AcceptedLog, type ChaosEvent, fittingQueries, type Input } from "./accepted-log.ts";
import { HIDDEN_OBJECT } from "./rights.ts";
import { type Counts, nothing, totalsOf, type Verdict } from "./verdict.ts";

/** What a `next` holds. */
export interface ReceivedEvent {
  readonly key: string;
  readonly objectNameSingular: string;
  readonly action: string;
  /** When the log took it, epoch ms. Undefined where that is not told. */
  readonly at?: number;
  /** Whether it shows a field that the narrow role may not see. */
  readonly hasHiddenField?: boolean;
  /** Those of an event stream that it is said to fit. */
  readonly queryIds?: readonly string[];
}

/** What ends the right of a socket to any data, or to some. */
export interface Ends {
  /** The head of the log when its caller had been revoked. */
  readonly revokedAt: number | undefined;
  /** The head of the log when its caller had been given the narrow role; -1 for a socket opened since. */
  readonly narrowedAt?: number | undefined;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** What a subscribe must be told about the retention. */
export type GapRule =
  /** The log reaches back to the position. */
  | "none"
  /** It does not, or the position is none of this log. */
  | "once";

/** One `subscribe`: on one socket, under one id. */
interface Run {
  readonly received: Received[];
  /** The newest offset that was told, given or begun after. */
  newest: number | undefined;
  /** The last thing said was this position by itself. */
  lastTold: number | undefined;
  gap: GapRule;
  gaps: number;
  /** How often it was told its position by itself, or a gap. */
  timesLive: number;
  /** It may have fallen behind, and then its position is told again although nothing came. */
  mayFallBehind: boolean;
}

interface Received extends ReceivedEvent {
  /** Undefined where it was not told. */
  readonly offset: number | undefined;
  readonly revokedAt: number | undefined;
}

/**
 * What one operation is owed over all its sockets. One that resumes: every event that fits after its first position, but
 * for what a justified gap left out, once and in order. Any other: on each socket, from the first event it got to the
 * last, all that fit.
 */
export class OperationModel {
  readonly input: Input;
  readonly resumes: boolean;
  /** The newest offset that the client was given or told. */
  cursor: number | undefined;
  readonly #log: AcceptedLog;
  readonly #runs: Run[] = [];
  readonly #wrong: Counts = nothing();
  #from: number | undefined;
  /** Stretches of the log that gaps left out: after the first offset, up to the second. */
  readonly #leftOut: (readonly [number, number])[] = [];
  /** The same of what was hidden then: it may have come or not. */
  readonly #narrowed: [after: number, upTo: number][] = [];

  constructor(log: AcceptedLog, input: Input, resumes: boolean) {
    this.#log = log;
    this.input = input;
    this.resumes = resumes;
  }

  /** It is subscribed: after the offset that it has come to, or from now. */
  subscribed(gap: GapRule = "none"): void {
    const fresh = { received: [], newest: this.cursor, lastTold: undefined, gap, gaps: 0 };
    this.#runs.push({ ...fresh, timesLive: 0, mayFallBehind: false });
  }

  /** Whether it has caught up with the log since it was subscribed. */
  get isLive(): boolean {
    return this.timesLive > 0;
  }

  /** How often it was told so: once, unless it was too slow or quiet. */
  get timesLive(): number {
    return this.#runs.at(-1)?.timesLive ?? 0;
  }

  /** How many gaps it was told. */
  get gaps(): number {
    return this.#runs.reduce((sum, { gaps }) => sum + gaps, 0);
  }

  /** Its reader is slow from here on. */
  slow(): void {
    const run = this.#runs.at(-1);
    if (run !== undefined) run.mayFallBehind = true;
  }

  /** Its caller is about to be given the narrow role. */
  narrows(): void {
    this.#narrowed.push([this.cursor ?? 0, Number.POSITIVE_INFINITY]);
  }

  /** Its caller has the wide role again since the log had this head. */
  widened(head: number): void {
    const narrowed = this.#narrowed.at(-1);
    if (narrowed !== undefined) narrowed[1] = head;
  }

  /** Its position was told by itself: it has missed nothing up to there. */
  told(offset: number, ends?: Ends): void {
    const run = this.#runs.at(-1);
    if (run === undefined) return;
    this.#endGapRule(run);
    if (!this.resumes) this.#wrong.uninvited++;
    else if (offset < (run.newest ?? 0)) this.#wrong.notGrowing++;
    else if (offset === run.lastTold && !run.mayFallBehind) this.#wrong.notGrowing++;
    if (ends?.revokedAt !== undefined && offset > ends.revokedAt) this.#wrong.afterRevoke++;
    run.lastTold = offset;
    run.timesLive++;
    this.#moveTo(run, offset);
  }

  /**
   * A gap was told.
   * @param floor how far back the log no longer reaches by now; a gap is justified when this operation was not that far
   */
  gap(offset: number, floor: number): void {
    const run = this.#runs.at(-1);
    if (run === undefined) return;
    run.gaps++;
    run.timesLive++;
    const from = run.newest;
    if (run.gaps > 1) this.#wrong.gapsTwice++;
    else if (run.gap !== "once" && (from === undefined || from >= floor)) this.#wrong.gapsWithin++;
    // A position of another log, or ahead of it, is told where it goes on, which may be anywhere.
    if (from !== undefined && offset > from) this.#leftOut.push([from, offset]);
    if (from !== undefined && offset < from) this.#wrong.notGrowing++;
    this.#moveTo(run, offset);
  }

  /** The queries of its event stream are there: what is written from here on is owed. */
  begins(head: number): void {
    this.#from = Math.max(this.#from ?? 0, head);
  }

  /**
   * Events came in one `next`.
   * @param offset where the last of them stands; undefined where no position was told
   */
  received(events: readonly ReceivedEvent[], offset: number | undefined, ends: Ends): void {
    const run = this.#runs.at(-1);
    if (run === undefined) return;
    for (const event of events) this.#take(run, event, offset, ends);
    if (!this.resumes) {
      if (offset !== undefined) this.#wrong.uninvited++;
      return;
    }
    this.#endGapRule(run);
    // It is live before anything comes, and says so.
    if (offset === undefined || run.newest === undefined) this.#wrong.withoutPosition++;
    if (offset === undefined) return;
    if (offset <= (run.newest ?? 0)) this.#wrong.notGrowing++;
    run.lastTold = undefined;
    this.#from ??= offset - events.length;
    this.#moveTo(run, offset);
  }

  /** Something came for it although it has ended. */
  cameAfterEnd(): void {
    this.#wrong.afterEnd++;
  }

  /** Compares what was told with what the log holds, all of which is durable. */
  check(head: number): void {
    if (this.cursor !== undefined && this.cursor > head) this.#wrong.ahead++;
  }

  verdict(): Verdict {
    const runs = this.#runs.map(({ received }) => received);
    const judged = (this.resumes ? [runs.flat()] : runs).map((run) => this.#judge(run));
    return totalsOf([...judged, this.#wrong]);
  }

  #take(run: Run, event: ReceivedEvent, told: number | undefined, { revokedAt, narrowedAt, expiresAt }: Ends): void {
    // Of several events only the last stands where the `next` says.
    const offset = event.queryIds === undefined ? told : undefined;
    run.received.push({ ...event, offset, revokedAt });
    if (event.at !== undefined && event.at >= expiresAt) this.#wrong.afterExpiry++;
    const isHidden = event.objectNameSingular === HIDDEN_OBJECT || event.hasHiddenField === true;
    if (isHidden && narrowedAt !== undefined && (told ?? 0) > narrowedAt) this.#wrong.hidden++;
  }

  #moveTo(run: Run, offset: number): void {
    this.#from ??= offset;
    run.newest = Math.max(run.newest ?? 0, offset);
    this.cursor = Math.max(this.cursor ?? 0, offset);
  }

  /** A gap that is due comes before anything else; it counts once as missing. */
  #endGapRule(run: Run): void {
    if (run.gap !== "once" || run.gaps > 0) return;
    this.#wrong.gapsMissing++;
    run.gap = "none";
  }

  #judge(run: readonly Received[]): Verdict {
    const seen = new Set<number>();
    const verdict = { ...nothing(), delivered: run.length };
    let newest = 0;
    let first: number | undefined;
    for (const event of run) {
      const accepted = this.#log.offsetOf(event.key);
      if (accepted === undefined || (event.offset !== undefined && event.offset !== accepted)) {
        verdict[event.key.endsWith(this.#log.keySuffix) ? "unasked" : "foreign"]++;
        continue;
      }
      const published = this.#log.at(accepted);
      if (!isOf(published, event, this.input)) verdict.otherContent++;
      if (seen.has(accepted)) verdict.twice++;
      else if (accepted < newest) verdict.outOfOrder++;
      if (event.revokedAt !== undefined && accepted > event.revokedAt) verdict.afterRevoke++;
      seen.add(accepted);
      first ??= accepted;
      newest = Math.max(newest, accepted);
    }
    const [after, upTo] = this.resumes ? [this.#from ?? this.#log.head, this.#log.head] : [(first ?? 1) - 1, newest];
    const owed = new Set(this.#log.owed(this.input, after, upTo));
    // While queries are added, what fits them may come already.
    const fitting = this.input.queries === undefined ? owed : new Set(this.#log.owed(this.input, 0, upTo));
    const isLeftOut = (offset: number) => {
      const isHidden = this.#log.at(offset)?.objectNameSingular === HIDDEN_OBJECT;
      const leftOut = isHidden ? [...this.#leftOut, ...this.#narrowed] : this.#leftOut;
      return leftOut.some(([from, to]) => offset > from && offset <= to);
    };
    for (const offset of owed) if (!seen.has(offset) && !isLeftOut(offset)) verdict.lost++;
    for (const offset of seen) {
      if (fitting.has(offset)) continue;
      const isKept = this.#log.at(offset)?.recipients !== undefined && this.input.logsFor !== undefined;
      verdict[isKept ? "ofOthers" : "unasked"]++;
    }
    return verdict;
  }
}

/** Whether what came of an event is what was published of it. */
function isOf(published: ChaosEvent | undefined, event: ReceivedEvent, { queries = [] }: Input): boolean {
  if (published?.objectNameSingular !== event.objectNameSingular || published.action !== event.action) return false;
  return event.queryIds === undefined || isDeepStrictEqual(event.queryIds, fittingQueries(queries, published));
}
