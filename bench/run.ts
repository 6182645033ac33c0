/** Measures the gateway beside what it is compared with: `npm run bench -- [--quick] [--sockets N] [--pairs N] [--profile]`. */
import { parseArgs } from "node:util";
import { maxOpenFiles } from "./lib/process-usage.ts";
import { profileScenario } from "./lib/profile.ts";
import { reportText, writeResults } from "./lib/report.ts";
import { type BenchOptions, runScenario, type Scenario, type ScenarioResult } from "./lib/scenario.ts";
import { p1 } from "./scenarios/p1.ts";

const SCENARIOS: readonly Scenario[] = [p1];

const FULL = { sockets: 2_000, pairs: 7 };
const QUICK = { sockets: 300, pairs: 5 };
const FEWEST_PAIRS = 5;
/** A socket takes two files of workerd, and its other end one of the load process. */
const FILES_PER_SOCKET = 2;
const OTHER_FILES = 300;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    sockets: { type: "string" },
    pairs: { type: "string" },
    profile: { type: "boolean", default: false },
  },
});
const options = optionsFrom(values);
if (values.profile) {
  for (const scenario of SCENARIOS) process.stdout.write(`${await profileScenario(scenario, options)}\n`);
} else {
  await measure();
}

async function measure(): Promise<void> {
  const results: ScenarioResult[] = [];
  for (const scenario of SCENARIOS) {
    const result = await runScenario(scenario, options);
    results.push(result);
    process.stdout.write(`\n${reportText(result)}\n`);
  }
  const isFull = !options.quick && options.sockets === FULL.sockets && options.pairs >= FEWEST_PAIRS;
  if (isFull) note(`Written to ${await writeResults(results)}.`);
  else note("Not a full run, so bench/results/latest.json is left as it is.");
}

function optionsFrom({ quick, sockets, pairs }: typeof values): BenchOptions {
  const defaults = quick ? QUICK : FULL;
  const wanted = wholeNumber("--sockets", sockets, defaults.sockets);
  const possible = Math.floor((maxOpenFiles() - OTHER_FILES) / FILES_PER_SOCKET);
  if (wanted > possible) note(`Only ${possible} sockets: a process may not open more files here (ulimit -n).`);
  return {
    quick,
    sockets: Math.min(wanted, possible),
    pairs: wholeNumber("--pairs", pairs, defaults.pairs),
    symbols: false,
    note,
  };
}

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name}: expected a whole number from 1.`);
  return value;
}

function note(text: string): void {
  process.stdout.write(`${text}\n`);
}
