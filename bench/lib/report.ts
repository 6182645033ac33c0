import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import type { Ratio, RowName, ScenarioResult } from "./scenario.ts";
import type { Spread } from "./statistics.ts";

/** What a scenario's run found, as text. */
export function reportText({ scenario, sockets, pairs, rows, ratios, holds }: ScenarioResult): string {
  const names = Object.keys(rows) as RowName[];
  const table = [
    ["median (min to max)", ...names],
    ...scenario.figures.map(({ key, label, unit }) => [
      `${label} (${unit})`,
      ...names.map((name) => spreadText(rows[name]?.[key])),
    ]),
  ];
  const lines = Object.entries(ratios).map(([name, ratio]) => ratioText(name, ratio, scenario.goals[name as RowName]));
  const meant = `  The goal is meant for ${scenario.goalSockets} sockets; this run says nothing about it.`;
  const verdict = holds === undefined ? meant : `  The goal ${holds ? "holds" : "does not hold"}.`;
  return [
    `${scenario.id}: ${scenario.title} (${sockets} sockets, ${pairs} pairs)`,
    "",
    ...alignColumns(table).map((line) => `  ${line}`),
    "",
    ...lines,
    verdict,
    "",
  ].join("\n");
}

/** Keeps the results of a full run where the documentation takes its figures from. */
export async function writeResults(results: readonly ScenarioResult[]): Promise<string> {
  const folder = join(ROOT, "bench", "results");
  await mkdir(folder, { recursive: true });
  const report = {
    at: new Date().toISOString(),
    machine: machine(),
    versions: await versions(),
    scenarios: Object.fromEntries(results.map((result) => [result.scenario.id, resultJson(result)])),
  };
  await writeFile(join(folder, "latest.json"), `${JSON.stringify(report, rounded, 2)}\n`);
  return "bench/results/latest.json";
}

function resultJson({ scenario, sockets, pairs, rows, ratios, holds }: ScenarioResult) {
  const [{ key, label, unit }, ...others] = scenario.figures;
  const valuesOf = (figure: string) =>
    Object.fromEntries(Object.entries(rows).map(([name, figures]) => [name, figures[figure]]));
  return {
    metric: label,
    unit,
    sockets,
    pairs,
    ...valuesOf(key),
    ratios,
    goal: scenario.goals,
    holds,
    figures: Object.fromEntries(
      others.map((other) => [other.key, { metric: other.label, unit: other.unit, ...valuesOf(other.key) }]),
    ),
  };
}

function machine(): Record<string, unknown> {
  const [{ model = "unknown" } = {}] = cpus();
  return {
    cpu: model,
    cores: cpus().length,
    memoryGiB: totalmem() / 2 ** 30,
    system: `${platform()} ${release()} ${arch()}`,
  };
}

async function versions(): Promise<Record<string, string>> {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim();
  const installed = ["workerd", "wrangler", "graphql", "graphql-ws"].map(async (name) => {
    const file = join(ROOT, "node_modules", name, "package.json");
    const { version } = JSON.parse(await readFile(file, "utf8")) as { version: string };
    return [name, version] as const;
  });
  return { commit, node: process.versions.node, ...Object.fromEntries(await Promise.all(installed)) };
}

function ratioText(name: string, ratio: Ratio, goal: number | undefined): string {
  const [low, high] = ratio.interval90;
  const most = goal === undefined ? "" : `; goal: at most ${goal.toFixed(2)}`;
  const interval = `90% interval of the median ${low.toFixed(3)} to ${high.toFixed(3)}`;
  return `  sluice / ${name}: ${ratio.median.toFixed(3)} (${ratio.min.toFixed(3)} to ${ratio.max.toFixed(3)}), ${interval}${most}`;
}

function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return "-";
  const { median, min, max } = spread;
  return `${numberText(median)} (${numberText(min)} to ${numberText(max)})`;
}

/** Three digits are as much as such a measurement can mean. */
function numberText(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
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

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}
