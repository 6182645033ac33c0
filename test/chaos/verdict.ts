/** What can be wrong with an operation, and what a report calls it. All must be 0. */
export const WRONG = {
  lost: "lost silently",
  twice: "twice",
  outOfOrder: "out of order",
  notGrowing: "positions that do not grow",
  ahead: "positions ahead of what is durable",
  withoutPosition: "events without a position, or before the first one",
  uninvited: "positions that nobody asked for",
  gapsWithin: "gaps within retention",
  gapsTwice: "gaps told twice",
  gapsMissing: "gaps not told",
  foreign: "of another workspace",
  ofOthers: "kept for other users",
  unasked: "never published or not asked for",
  otherContent: "of another content than published",
  afterEnd: "after the end of the operation",
  afterRevoke: "after a revoke",
  hidden: "hidden by permissions",
  afterExpiry: "after the token's expiry",
} as const;

export type Wrong = keyof typeof WRONG;

/** What came of one operation, or of many together. */
export type Verdict = Readonly<Record<Wrong, number>> & { readonly delivered: number };

export type Counts = { -readonly [What in keyof Verdict]: number };

export function nothing(): Counts {
  const zeros = Object.keys(WRONG).map((what) => [what, 0]);
  return { delivered: 0, ...(Object.fromEntries(zeros) as Record<Wrong, number>) };
}

export function totalsOf(verdicts: readonly Verdict[]): Verdict {
  const totals = nothing();
  for (const verdict of verdicts) {
    for (const what of Object.keys(totals) as (keyof Verdict)[]) totals[what] += verdict[what];
  }
  return totals;
}

/** What is wrong in a verdict, and how often. */
export function wrongIn(verdict: Verdict): Partial<Record<Wrong, number>> {
  const names = Object.keys(WRONG) as Wrong[];
  return Object.fromEntries(names.filter((what) => verdict[what] > 0).map((what) => [what, verdict[what]]));
}

export function isClean(verdict: Verdict): boolean {
  return Object.keys(wrongIn(verdict)).length === 0;
}
