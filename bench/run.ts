/**
 * Measures the gateway beside what it replaces and beside the platform alone:
 * `npm run bench -- [P1 P3 …] [--quick] [--sockets N] [--pairs N] [--write] [--profile]`.
 */
import { parseArgs } from "node:util";
import { whyNoRedis } from "../test/support/redis-server.ts";
import { maxOpenFiles } from "./lib/process-usage.ts";
import { profileScenario } from "./lib/profile.ts";
import { reportText } from "./lib/report.ts";
import { writeResults } from "./lib/results.ts";
import { FEWEST_PAIRS, type RunOptions, runScenario, type Scenario, type ScenarioResult } from "./lib/scenario.ts";
import { p1 } from "./scenarios/p1.ts";
import { p1r } from "./scenarios/p1r.ts";
import { p2 } from "./scenarios/p2.ts";
import { p3 } from "./scenarios/p3.ts";
import { p4 } from "./scenarios/p4.ts";
import { p5 } from "./scenarios/p5.ts";
import { p6 } from "./scenarios/p6.ts";
import { p7 } from "./scenarios/p7.ts";
import { p8 } from "./scenarios/p8.ts";
import { p9 } from "./scenarios/p9.ts";
import { p10 } from "./scenarios/p10.ts";
import { p11 } from "./scenarios/p11.ts";

const SCENARIOS: readonly Scenario[] = [p1, p1r, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11];

/** Even, so that each row is started before another as often as after it. */
const FULL_PAIRS = 6;
const QUICK_PAIRS = 2;
/** A socket takes two files of workerd, and its other end one of the load process. */
const FILES_PER_SOCKET = 2;
const OTHER_FILES = 300;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    sockets: { type: "string" },
    pairs: { type: "string" },
    write: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});
const missing = whyNoRedis();
if (missing !== undefined) throw new Error(`The benchmark measures beside a real Redis, and ${missing}.`);
const pairs = wholeNumber("--pairs", values.pairs, values.quick ? QUICK_PAIRS : FULL_PAIRS);
const scenarios = chosenScenarios();
if (values.profile) {
  for (const scenario of scenarios) note(await profileScenario(scenario, optionsFor(scenario)));
} else {
  await measure();
}

async function measure(): Promise<void> {
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    try {
      const result = await runScenario(scenario, optionsFor(scenario));
      results.push(result);
      note(`\n${reportText(result)}`);
    } catch (thrown) {
      // Half an hour of the others is not lost with it.
      console.error(`${scenario.id} failed:`, thrown);
      process.exitCode = 1;
    }
  }
  const isMeant = !values.quick && values.sockets === undefined && pairs >= FEWEST_PAIRS;
  const isWritten = isMeant && (values.write || scenarios.length === SCENARIOS.length);
  if (isWritten) note(`Written to ${(await writeResults(results)).join(", ")}.`);
  else note("bench/results is left as it is.");
}

function chosenScenarios(): readonly Scenario[] {
  const known = SCENARIOS.map(({ id }) => id);
  const unknown = positionals.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new RangeError(`There is no scenario ${unknown}; there are ${known.join(", ")}.`);
  if (positionals.length > 0) return SCENARIOS.filter(({ id }) => positionals.includes(id));
  return values.quick ? SCENARIOS.filter(({ sockets }) => sockets.quick !== undefined) : SCENARIOS;
}

function optionsFor({ id, sockets: { full, quick } }: Scenario): RunOptions {
  const wanted = wholeNumber("--sockets", values.sockets, values.quick ? (quick ?? full) : full);
  const possible = Math.floor((maxOpenFiles() - OTHER_FILES) / FILES_PER_SOCKET);
  if (wanted > possible) note(`${id}: only ${possible} sockets: a process may not open more files here (ulimit -n).`);
  return { quick: values.quick, sockets: Math.min(wanted, possible), pairs, symbols: values.profile, note };
}

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name}: expected a whole number from 1.`);
  return value;
}

function note(text: string): void {
  process.stdout.write(`${text}\n`);
}
