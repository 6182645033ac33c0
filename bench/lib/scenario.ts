import { medianInterval90, type Spread, spreadOf } from "./statistics.ts";

/** What is measured against each other. */
export type RowName = "sluice" | "control" | "redis";

/** One number that every row of a scenario measures. */
export interface Figure {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
}

/** One measurement of a row: figure key to value. */
export type Sample = Readonly<Record<string, number>>;

export interface BenchOptions {
  readonly quick: boolean;
  readonly sockets: number;
  readonly pairs: number;
  /** Whether compiled JavaScript tells its names to a profiler, which costs a little. */
  readonly symbols: boolean;
  readonly note: (text: string) => void;
}

/** A server that runs and is warm. */
export interface Row {
  readonly name: RowName;
  /** The server's process; its children count too. */
  readonly pid: number;
  /** Does one slice of the work; a slice is the same work for every row. */
  run(): Promise<void>;
  /** What all slices since the last sample measured together. */
  sample(): Promise<Sample>;
}

/** All rows of a scenario, started afresh. */
export interface Round extends AsyncDisposable {
  readonly rows: readonly Row[];
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** The first one is judged. */
  readonly figures: readonly [Figure, ...Figure[]];
  /** The most that Sluice's first figure may be, as a multiple of another row's. */
  readonly goals: Partial<Readonly<Record<RowName, number>>>;
  /** How many sockets the goals are meant for. */
  readonly goalSockets: number;
  open(options: BenchOptions): Promise<Round>;
}

export interface Ratio extends Spread {
  readonly interval90: readonly [low: number, high: number];
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly sockets: number;
  readonly pairs: number;
  readonly rows: Partial<Readonly<Record<RowName, Readonly<Record<string, Spread>>>>>;
  /** Sluice's first figure over another row's, pair by pair. */
  readonly ratios: Partial<Readonly<Record<RowName, Ratio>>>;
  /** Undefined where the run was not made as the goals mean it. */
  readonly holds: boolean | undefined;
}

/** Many and short, so that what else the machine does falls on neighbouring slices alike. */
export const SLICES_PER_PAIR = 24;

/**
 * Measures the rows of a scenario next to each other: in slices, in alternating order, with servers of its own for
 * every pair of samples.
 */
export async function runScenario(scenario: Scenario, options: BenchOptions): Promise<ScenarioResult> {
  const samples: Partial<Record<RowName, Sample[]>> = {};
  for (let pair = 0; pair < options.pairs; pair++) {
    await using round = await scenario.open(options);
    for (let slice = 0; slice < SLICES_PER_PAIR; slice++) {
      for (const row of inTurn(round.rows, pair + slice)) await row.run();
    }
    for (const row of round.rows) samples[row.name] = [...(samples[row.name] ?? []), await row.sample()];
    options.note(`${scenario.id} pair ${pair + 1} of ${options.pairs}: ${pairText(scenario, samples, pair)}`);
  }
  return summarise(scenario, options, samples);
}

/**
 * The rows in the order of a turn: forwards and backwards, then the same beginning with the next row. A row that runs
 * twice in succession finds its caches warm; this way every row does so equally often, however many there are.
 */
export function inTurn(rows: readonly Row[], turn: number): readonly Row[] {
  const first = Math.floor(turn / 2) % rows.length;
  const rotated = [...rows.slice(first), ...rows.slice(0, first)];
  return turn % 2 === 0 ? rotated : rotated.reverse();
}

type Samples = Partial<Readonly<Record<RowName, readonly Sample[]>>>;

function pairText({ figures: [{ key, unit }] }: Scenario, samples: Samples, pair: number): string {
  return Object.entries(samples)
    .map(([name, of]) => `${name} ${of[pair]?.[key]?.toFixed(2)} ${unit}`)
    .join(", ");
}

function summarise(scenario: Scenario, { sockets, pairs }: BenchOptions, samples: Samples): ScenarioResult {
  const names = Object.keys(samples) as RowName[];
  const { figures, goals } = scenario;
  const valuesOf = (name: RowName, key: string) => (samples[name] ?? []).map((sample) => sample[key] ?? Number.NaN);
  const rows = Object.fromEntries(
    names.map((name) => [name, Object.fromEntries(figures.map(({ key }) => [key, spreadOf(valuesOf(name, key))]))]),
  );
  const [{ key: judged }] = figures;
  const ours = valuesOf("sluice", judged);
  const ratios: Partial<Record<RowName, Ratio>> = {};
  for (const name of names) {
    if (name === "sluice") continue;
    const paired = valuesOf(name, judged).map((theirs, i) => (ours[i] ?? Number.NaN) / theirs);
    ratios[name] = { ...spreadOf(paired), interval90: medianInterval90(paired) };
  }
  const limits = Object.entries(goals) as [RowName, number][];
  const isMeant = sockets === scenario.goalSockets && limits.every(([name]) => ratios[name] !== undefined);
  const holds = isMeant ? limits.every(([name, most]) => (ratios[name]?.median ?? Number.NaN) <= most) : undefined;
  return { scenario, sockets, pairs, rows, ratios, holds };
}
