import type { FigureResult, Ratio, RowName, ScenarioResult } from "./scenario.ts";
import type { Spread } from "./statistics.ts";

/** What a scenario's run found, as text. */
export function reportText({ scenario, sockets, pairs, figures, holds }: ScenarioResult): string {
  const names = rowNames(figures);
  const table = [
    ["median (min to max)", ...names],
    ...figures.map(({ figure: { label, unit }, rows }) => [
      `${label} (${unit})`,
      ...names.map((name) => spreadText(rows[name])),
    ]),
  ];
  const hasGoal = scenario.figures.some(({ goals, atMost }) => goals !== undefined || atMost !== undefined);
  return [
    `${scenario.id}: ${scenario.title} (${sockets} sockets, ${pairs} pairs)`,
    "",
    ...alignColumns(table).map((line) => `  ${line}`),
    "",
    ...figures.flatMap((result, i) => ratioLines(result, i === 0)),
    ...(hasGoal ? [`  ${verdictText(holds, scenario.sockets.full)}`] : []),
    "",
  ].join("\n");
}

/** Every row that a scenario has, in the order in which they are told. */
export function rowNames(figures: readonly FigureResult[]): RowName[] {
  const all: RowName[] = ["sluice", "control", "redis", "baseline"];
  return all.filter((name) => figures.some(({ rows }) => rows[name] !== undefined));
}

function ratioLines({ figure: { label, goals = {}, atMost }, ratios }: FigureResult, isFirst: boolean): string[] {
  const of = isFirst ? "" : ` in ${label}`;
  const lines = Object.entries(ratios).map(([name, ratio]) => {
    return `  sluice / ${name}${of}: ${ratioText(ratio, goals[name as keyof typeof goals])}`;
  });
  return atMost === undefined ? lines : [...lines, `  goal of ${label}: at most ${atMost}`];
}

function ratioText({ median, min, max, interval90: [low, high] }: Ratio, goal: number | undefined): string {
  const most = goal === undefined ? "" : `; goal: at most ${goal}`;
  const interval = `90% interval of the median ${numberText(low)} to ${numberText(high)}`;
  return `${numberText(median)} (${numberText(min)} to ${numberText(max)}), ${interval}${most}`;
}

function verdictText(holds: boolean | undefined, sockets: number): string {
  if (holds === undefined)
    return `Goals are meant for ${sockets} sockets and a full run; this one says nothing of them.`;
  return holds ? "The goals hold." : "The goals do not hold.";
}

function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return "-";
  const { median, min, max } = spread;
  return `${numberText(median)} (${numberText(min)} to ${numberText(max)})`;
}

/** Three or four digits are as much as such a measurement can mean. */
export function numberText(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Math.abs(value) >= 0.1 || value === 0 ? value.toFixed(value >= 10 ? 1 : 3) : value.toPrecision(2);
}

export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
