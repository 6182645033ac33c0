import { numberText, rowNames } from "./report.ts";
import type { FigureResult, ScenarioResult } from "./scenario.ts";

interface Run {
  readonly at: string;
  readonly machine: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** The results as a page: for every scenario its figures, medians, row by row, and how the goals fared. */
export function tableOf(results: readonly ScenarioResult[], { at, machine, versions }: Run): string {
  const measuredWith = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    "# Results of the newest run that was kept",
    "",
    `Written by \`npm run bench\` on ${at}, on ${machine["cpu"]}, ${machine["cores"]} cores, ${machine["system"]};`,
    `${measuredWith.join(", ")}.`,
    "How it was measured and how to read it: [bench/README.md](../README.md).",
    "",
    "![The ratios](latest.svg)",
    "",
    ...results.flatMap(sectionOf),
  ].join("\n");
}

function sectionOf({ scenario, sockets, pairs, figures, holds }: ScenarioResult): string[] {
  const names = rowNames(figures);
  const rows = figures.map((result) => [
    `${result.figure.label} (${result.figure.unit})`,
    ...names.map((name) => (result.rows[name] === undefined ? "" : numberText(result.rows[name].median))),
    ratiosOf(result),
    goalOf(result),
  ]);
  const verdict = holds === undefined ? [] : [holds ? "The goals hold." : "**The goals do not hold.**", ""];
  return [
    `## ${scenario.id}: ${scenario.title}`,
    "",
    `${sockets} sockets, ${pairs} pairs.`,
    "",
    lineOf(["median", ...names, "ratio (90% interval)", "goal"]),
    lineOf(Array.from({ length: names.length + 3 }, () => "---")),
    ...rows.map(lineOf),
    "",
    ...verdict,
  ];
}

function ratiosOf({ ratios }: FigureResult): string {
  return Object.entries(ratios)
    .map(
      ([
        name,
        {
          median,
          interval90: [low, high],
        },
      ]) => {
        return `${numberText(median)} × ${name} (${numberText(low)} to ${numberText(high)})`;
      },
    )
    .join(", ");
}

function goalOf({ figure: { goals = {}, atMost, unit }, holds }: FigureResult): string {
  const limits = Object.entries(goals).map(([name, most]) => `${most} × ${name}`);
  if (atMost !== undefined) limits.push(`${atMost} ${unit}`);
  if (limits.length === 0) return "";
  return `at most ${limits.join(", ")}${holds === undefined ? "" : holds ? ": holds" : ": **does not hold**"}`;
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
