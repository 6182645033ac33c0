/** An event that a publisher was told is taken. */
export interface AcceptedEvent {
  readonly offset: number;
  /** What its name is in the record. */
  readonly name: string;
  /** The object it is about, which is what operations choose by. */
  readonly object: string;
}

/** What went wrong, counted. All must be 0. */
export interface Faults {
  lost: number;
  twice: number;
  outOfOrder: number;
  gaps: number;
  /** Events that no publisher was told of, or that the operation did not ask for. */
  foreign: number;
}

/** One operation over all the sockets that it lived on: what it was given since its first position. */
export class ObservedOperation {
  /** Undefined hears of every object. */
  readonly object: string | undefined;
  /** Where it began to be owed every event: the position it was told first. */
  from: number | undefined;
  /** The newest position that it was told or given. */
  position: string | undefined;
  readonly received: { readonly offset: number; readonly name: string }[] = [];
  gaps = 0;

  constructor(object: string | undefined) {
    this.object = object;
  }

  /** Takes a frame of the server; those of other kinds are nothing to it. */
  see(frame: ServerFrame): void {
    const { payload } = frame;
    const told = payload?.position?.position ?? payload?.gap?.position;
    if (payload?.gap !== undefined) this.gaps++;
    if (told !== undefined) {
      this.from ??= offsetOf(told);
      this.position = told;
    }
    const given = payload?.extensions?.position;
    const name = payload?.data?.onDbEvent.record.name;
    if (frame.type !== "next" || given === undefined || name === undefined) return;
    this.from ??= offsetOf(given) - 1;
    this.position = given;
    this.received.push({ offset: offsetOf(given), name });
  }
}

export interface ServerFrame {
  readonly id?: string;
  readonly type: string;
  readonly payload?: {
    readonly position?: { readonly id: string; readonly position: string };
    readonly gap?: { readonly id: string; readonly position: string };
    readonly extensions?: { readonly position?: string };
    readonly data?: { readonly onDbEvent: { readonly record: { readonly name: string } } };
  };
}

/** Compares what an operation received with what it was owed. */
export function judge(operation: ObservedOperation, accepted: readonly AcceptedEvent[], faults: Faults): void {
  const { from = Number.POSITIVE_INFINITY, object, received } = operation;
  const owed = new Map(
    accepted
      .filter((event) => event.offset > from && (object === undefined || event.object === object))
      .map((event) => [event.offset, event.name]),
  );
  const seen = new Set<number>();
  let newest = 0;
  for (const { offset, name } of received) {
    if (seen.has(offset)) faults.twice++;
    else if (offset < newest) faults.outOfOrder++;
    if (owed.get(offset) !== name) faults.foreign++;
    seen.add(offset);
    newest = Math.max(newest, offset);
  }
  for (const offset of owed.keys()) if (!seen.has(offset)) faults.lost++;
  faults.gaps += operation.gaps;
}

export function noFaults(): Faults {
  return { lost: 0, twice: 0, outOfOrder: 0, gaps: 0, foreign: 0 };
}

export function offsetOf(position: string): number {
  return Number(position.split(".")[2]);
}

/** A seeded source of chance (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
