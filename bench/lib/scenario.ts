import { medianInterval90, type Spread, spreadOf } from "./statistics.ts";

/**
 * What is measured against each other. `baseline` is Sluice itself at the work that a scenario wants to be compared
 * with, where that is neither the platform's nor the Redis stack's.
 */
export type RowName = "sluice" | "control" | "redis" | "baseline";

/** One number that the rows of a scenario measure. */
export interface Figure {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  /** The most that Sluice's may be, as a multiple of another row's. */
  readonly goals?: Goals;
  /** The most that Sluice's may be, in the figure's unit. */
  readonly atMost?: number;
}

export type Goals = Partial<Readonly<Record<Exclude<RowName, "sluice">, number>>>;

/** One measurement of a row: figure key to value. A row leaves out what it has not. */
export type Sample = Readonly<Record<string, number>>;

export interface BenchOptions {
  /** From 0. */
  readonly pair: number;
  readonly quick: boolean;
  readonly sockets: number;
  /** Whether compiled JavaScript tells its names to a profiler, which costs a little. */
  readonly symbols: boolean;
}

/** A server that runs and is warm. */
export interface Row {
  readonly name: RowName;
  /** The server's processes; their children count too. */
  readonly pids: readonly number[];
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
  /** What every row is, where that is not what `bench/README.md` says of all. */
  readonly rows?: Partial<Readonly<Record<RowName, string>>>;
  /** The first one is the scenario's; its ratios are always told. */
  readonly figures: readonly [Figure, ...Figure[]];
  /** What goals are meant for, and what a quick run takes; undefined when a quick run leaves the scenario out. */
  readonly sockets: { readonly full: number; readonly quick?: number };
  /** Many and short ones, unless a slice cannot be short: what else the machine does then falls on all rows alike. */
  readonly slicesPerPair?: number;
  /** Of a scenario whose goals are counts, which the next pair would find again: that many pairs, never more. */
  readonly pairs?: number;
  open(options: BenchOptions): Promise<Round>;
}

export interface Ratio extends Spread {
  readonly interval90: readonly [low: number, high: number];
}

/** What the rows had for one figure. */
export interface FigureResult {
  readonly figure: Figure;
  readonly rows: Partial<Readonly<Record<RowName, Spread>>>;
  /** Sluice's over another row's, pair by pair; empty for a figure that is not compared. */
  readonly ratios: Partial<Readonly<Record<RowName, Ratio>>>;
  /** Undefined where there is no goal, or the run was not made as the goals mean it. */
  readonly holds: boolean | undefined;
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly sockets: number;
  readonly pairs: number;
  readonly figures: readonly [FigureResult, ...FigureResult[]];
  /** Whether every goal holds. */
  readonly holds: boolean | undefined;
}

export interface RunOptions extends Omit<BenchOptions, "pair"> {
  readonly pairs: number;
  readonly note: (text: string) => void;
}

export const SLICES_PER_PAIR = 24;
/** With fewer the interval of a median says nothing. */
export const FEWEST_PAIRS = 5;

/**
 * Measures the rows of a scenario next to each other: in slices, in alternating order, with servers of its own for
 * every pair of samples.
 */
export async function runScenario(scenario: Scenario, { pairs: wanted, ...rest }: RunOptions): Promise<ScenarioResult> {
  const options = { ...rest, pairs: Math.min(wanted, scenario.pairs ?? wanted) };
  const samples: Partial<Record<RowName, Sample[]>> = {};
  for (let pair = 0; pair < options.pairs; pair++) {
    await using round = await scenario.open({ ...options, pair });
    for (let slice = 0; slice < (scenario.slicesPerPair ?? SLICES_PER_PAIR); slice++) {
      for (const row of inTurn(round.rows, pair + slice)) await runRow(scenario, row);
    }
    for (const row of round.rows) samples[row.name] = [...(samples[row.name] ?? []), await row.sample()];
    options.note(`${scenario.id} pair ${pair + 1} of ${options.pairs}: ${pairText(scenario, samples, pair)}`);
  }
  return summarise(scenario, options, samples);
}

async function runRow({ id }: Scenario, row: Row): Promise<void> {
  try {
    await row.run();
  } catch (cause) {
    throw new Error(`${id}: ${row.name} failed.`, { cause });
  }
}

/**
 * Rows in the order of a turn: forwards and backwards, then the same beginning with the next row. A row that runs
 * twice in succession finds its caches warm; this way every row does so equally often, however many there are.
 */
export function inTurn<Each>(rows: readonly Each[], turn: number): readonly Each[] {
  const first = Math.floor(turn / 2) % rows.length;
  const rotated = [...rows.slice(first), ...rows.slice(0, first)];
  return turn % 2 === 0 ? rotated : rotated.reverse();
}

type Samples = Partial<Readonly<Record<RowName, readonly Sample[]>>>;

function pairText({ figures: [{ key, unit }] }: Scenario, samples: Samples, pair: number): string {
  return Object.entries(samples)
    .flatMap(([name, of]) => {
      const value = of[pair]?.[key];
      return value === undefined ? [] : [`${name} ${value.toFixed(2)} ${unit}`];
    })
    .join(", ");
}

function summarise(scenario: Scenario, options: RunOptions, samples: Samples): ScenarioResult {
  const { sockets, pairs, quick } = options;
  const isMeant = !quick && sockets === scenario.sockets.full && pairs >= (scenario.pairs ?? FEWEST_PAIRS);
  const resultOf = (figure: Figure, isCompared: boolean) => figureResult(figure, isCompared, samples, isMeant);
  const [first, ...others] = scenario.figures;
  const figures = [resultOf(first, true), ...others.map((other) => resultOf(other, false))] as const;
  const verdicts = figures.map(({ holds }) => holds).filter((holds) => holds !== undefined);
  const holds = verdicts.length === 0 ? undefined : verdicts.every((verdict) => verdict);
  return { scenario, sockets, pairs, figures, holds };
}

function figureResult(figure: Figure, isCompared: boolean, samples: Samples, isMeant: boolean): FigureResult {
  const { key, goals = {}, atMost } = figure;
  const names = (Object.keys(samples) as RowName[]).filter((name) => samples[name]?.[0]?.[key] !== undefined);
  const valuesOf = (name: RowName) => (samples[name] ?? []).map((sample) => sample[key] ?? Number.NaN);
  const rows = Object.fromEntries(names.map((name) => [name, spreadOf(valuesOf(name))]));
  const ours = valuesOf("sluice");
  const ratios: Partial<Record<RowName, Ratio>> = {};
  for (const name of names) {
    if (name === "sluice" || (!isCompared && goals[name] === undefined)) continue;
    const paired = valuesOf(name).map((theirs, i) => (ours[i] ?? Number.NaN) / theirs);
    // Nothing of nothing, as counts have it, is no ratio.
    if (paired.some(Number.isNaN)) continue;
    ratios[name] = { ...spreadOf(paired), interval90: medianInterval90(paired) };
  }
  const limits = Object.entries(goals) as [RowName, number][];
  const hasGoal = limits.length > 0 || atMost !== undefined;
  const holds =
    limits.every(([name, most]) => (ratios[name]?.median ?? Number.NaN) <= most) &&
    (atMost === undefined || (rows["sluice"]?.median ?? Number.NaN) <= atMost);
  return { figure, rows, ratios, holds: hasGoal && isMeant ? holds : undefined };
}
