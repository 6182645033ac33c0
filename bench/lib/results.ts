import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import { plotOf } from "./plot.ts";
import type { FigureResult, ScenarioResult } from "./scenario.ts";
import { tableOf } from "./table.ts";

const FOLDER = join("bench", "results");
const MEASURED_WITH = ["workerd", "wrangler", "graphql", "graphql-ws", "graphql-redis-subscriptions", "ioredis", "ws"];

/** Keeps what a full run found where the documentation takes its figures from. Returns the files. */
export async function writeResults(results: readonly ScenarioResult[]): Promise<string[]> {
  const report = {
    at: new Date().toISOString(),
    machine: machine(),
    versions: await versions(),
    scenarios: Object.fromEntries(results.map((result) => [result.scenario.id, resultJson(result)])),
  };
  const files = {
    "latest.json": `${JSON.stringify(report, rounded, 2)}\n`,
    "latest.md": tableOf(results, report),
    "latest.svg": plotOf(results),
  };
  await mkdir(join(ROOT, FOLDER), { recursive: true });
  return Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      await writeFile(join(ROOT, FOLDER, name), text);
      return join(FOLDER, name);
    }),
  );
}

function resultJson({ scenario, sockets, pairs, figures: [first, ...others], holds }: ScenarioResult) {
  const { holds: _, ...figure } = figureJson(first);
  return {
    title: scenario.title,
    sockets,
    pairs,
    ...figure,
    holds,
    figures: Object.fromEntries(others.map((other) => [other.figure.key, figureJson(other)])),
  };
}

function figureJson({ figure: { label, unit, goals, atMost }, rows, ratios, holds }: FigureResult) {
  const hasGoal = goals !== undefined || atMost !== undefined;
  return { metric: label, unit, ...rows, ratios, ...(hasGoal ? { goal: { ...goals, atMost } } : {}), holds };
}

function machine() {
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
  const redis = execFileSync("redis-server", ["--version"], { encoding: "utf8" }).match(/v=(\S+)/)?.[1] ?? "unknown";
  const installed = MEASURED_WITH.map(async (name) => {
    const file = join(ROOT, "node_modules", name, "package.json");
    const { version } = JSON.parse(await readFile(file, "utf8")) as { version: string };
    return [name, version] as const;
  });
  return {
    commit,
    node: process.versions.node,
    "redis-server": redis,
    ...Object.fromEntries(await Promise.all(installed)),
  };
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}
