import type { ChaosClient } from "./chaos-client.ts";
import { CLIENT_KINDS, type ClientKind } from "./line.ts";
import type { SlowReaders } from "./slow-readers.ts";
import type { Tally } from "./tally.ts";
import type { Traffic } from "./traffic.ts";
import { isClean, totalsOf, type Verdict, WRONG, type Wrong, wrongIn } from "./verdict.ts";

export interface Figures {
  readonly seed: number;
  readonly seconds: number;
  readonly tally: Tally;
  readonly published: number;
  readonly clients: Readonly<Record<ClientKind, number>>;
  readonly delivered: Readonly<Record<ClientKind, number>>;
  readonly slowReaders: Readonly<Record<ClientKind, number>>;
  readonly totals: Verdict;
}

/** Runs shorter than this need not have seen everything. */
const LONG_RUN_FAULTS = 1_000;
/** What a long run must have seen, or it says nothing about it. */
const MUST_HAVE_HAPPENED = [
  "resumed",
  "refreshes answered",
  "frames of several messages",
  "event streams with queries",
  "closed for Revoked",
  "closed for Token expired",
  "refused after a revoke (direct)",
  "refused after a revoke (relayed)",
  "refused after a revoke (sse)",
  "gaps told (direct)",
  "gaps told (relayed)",
  "gaps told (sse)",
];

interface Run {
  readonly seed: number;
  readonly seconds: number;
  readonly tally: Tally;
  readonly traffics: readonly Traffic[];
  readonly clients: readonly ChaosClient[];
  readonly slowReaders: SlowReaders;
  readonly uncaught: readonly string[];
}

/** Judges a run that has come to rest. */
export function figuresOf({ seed, seconds, tally, traffics, clients, slowReaders, uncaught }: Run): Figures {
  const { wrong } = tally;
  wrong.push(...uncaught.map((line) => line.slice(0, 300)));
  for (const { log, wrongAnswers } of traffics) {
    wrong.push(...log.contradictions, ...wrongAnswers);
    const holes = log.holes();
    if (holes.length > 0) wrong.push(`offsets that no publish was answered: ${holes.slice(0, 20).join(", ")}`);
  }
  const judged = clients.map((client) => ({ kind: client.options.kind, verdict: judge(client, wrong) }));
  const byKind = (count: (client: (typeof judged)[number]) => number) =>
    Object.fromEntries(
      CLIENT_KINDS.map((kind) => [kind, sum(judged.filter((client) => client.kind === kind).map(count))]),
    ) as Record<ClientKind, number>;
  const delivered = byKind(({ verdict }) => verdict.delivered);
  if (tally.faultCount >= LONG_RUN_FAULTS) {
    wrong.push(...slowReaders.unproven());
    const missing = MUST_HAVE_HAPPENED.filter((what) => (tally.counts[what] ?? 0) === 0);
    wrong.push(...missing.map((what) => `proves nothing: there was no "${what}"`));
  }
  return {
    ...{ seed, seconds, tally, delivered },
    published: sum(traffics.map(({ published }) => published)),
    clients: byKind(() => 1),
    slowReaders: slowReaders.caught,
    totals: totalsOf(judged.map(({ verdict }) => verdict)),
  };
}

export function isGood({ totals, tally }: Figures): boolean {
  return isClean(totals) && tally.wrong.length === 0;
}

export function formatFigures(figures: Figures): string {
  const { seed, seconds, tally, published, clients, delivered, slowReaders, totals } = figures;
  const ofKinds = (counts: Readonly<Record<ClientKind, number>>) =>
    CLIENT_KINDS.map((kind) => `${kind} ${counts[kind]}`).join(", ");
  return [
    `seed ${seed}, ${seconds} s`,
    `faults ${tally.faultCount}`,
    ...linesOf(tally.faults),
    "also",
    ...linesOf(tally.counts),
    `clients ${ofKinds(clients)}`,
    `slow readers caught ${ofKinds(slowReaders)}`,
    `published events ${published}`,
    `delivered ${totals.delivered}: ${ofKinds(delivered)}`,
    ...(Object.keys(WRONG) as Wrong[]).map((what) => `${WRONG[what]} ${totals[what]}`),
    `else wrong ${tally.wrong.length}`,
    ...tally.wrong,
    "",
  ].join("\n");
}

function judge({ operations, errors, options }: ChaosClient, wrong: string[]): Verdict {
  wrong.push(...errors.map((error) => `(${options.kind}) ${error}`));
  return totalsOf(
    operations.map(({ model, story }) => {
      const verdict = model.verdict();
      const { input, resumes } = model;
      const what = { kind: options.kind, input, resumes, wrong: wrongIn(verdict), story: story.slice(-40) };
      if (!isClean(verdict)) wrong.push(JSON.stringify(what));
      return verdict;
    }),
  );
}

function linesOf(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `  ${name}: ${count}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
