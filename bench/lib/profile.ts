import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { alignColumns } from "./report.ts";
import { type BenchOptions, inTurn, type Scenario } from "./scenario.ts";

/** Where the time of one row went, in the unit of the scenario's first figure. */
interface Profile {
  readonly name: string;
  readonly byModule: ReadonlyMap<string, number>;
  /** Time in a function itself. */
  readonly self: ReadonlyMap<string, number>;
  /** Time in a function and in all that it calls. */
  readonly total: ReadonlyMap<string, number>;
}

const SLICES = 24;
const SAMPLES_PER_SECOND = 4_000;
const LINES = 20;
/** Where the stack tells more than the function itself. Elsewhere the rows only take other ways to the same places. */
const NOTABLE =
  /^JS:|getBufferedAmount$|SlowFlatten|Heap::Scavenge$|Heap::MarkCompact$|^sqlite3_step$|sys_fsync$|OutputLock/;
const LONGEST_NAME = 90;

/**
 * Asks Linux' `perf` where every row's time goes, and prints what differs most. Samples the whole server: kernel,
 * runtime and JavaScript.
 */
export async function profileScenario(scenario: Scenario, options: Omit<BenchOptions, "pair">): Promise<string> {
  await using round = await scenario.open({ ...options, pair: 0, symbols: true });
  // The first turns of all others have let the first one cool down.
  for (const row of round.rows) {
    await row.run();
    await row.sample();
  }
  const recordings = round.rows.map((row) => ({ row, recording: startRecording(row.pids) }));
  // It takes a moment until they are attached.
  await sleep(500);
  for (let slice = 0; slice < SLICES; slice++) {
    for (const row of inTurn(round.rows, slice)) await row.run();
  }
  const profiles: Profile[] = [];
  for (const { row, recording } of recordings) {
    const { [scenario.figures[0].key]: measured = Number.NaN } = await row.sample();
    profiles.push(await recording.finish(row.name, measured));
  }
  const [{ label, unit }] = scenario.figures;
  return [
    `${scenario.id}, where it goes: ${label} (${unit})`,
    ...tableOf("by module", profiles, ({ byModule }) => byModule),
    ...tableOf("in the function itself, largest differences", profiles, ({ self }) => self),
    ...tableOf(
      "in the function and what it calls: JavaScript, and what it makes the runtime do",
      profiles,
      ({ total }) => total,
      isNotable,
    ),
    "",
  ].join("\n");
}

function startRecording(pids: readonly number[]) {
  const folder = mkdtempSync(join(tmpdir(), "sluice-profile-"));
  const file = join(folder, "perf.data");
  const flags = ["record", "-g", "-F", String(SAMPLES_PER_SECOND), "-o", file, "-p", pids.join(",")];
  const perf = spawn("perf", flags, { stdio: "ignore" });
  const ended = once(perf, "exit");
  return {
    async finish(name: string, measured: number): Promise<Profile> {
      perf.kill("SIGINT");
      await ended;
      const profile = await readProfile(name, file, measured);
      rmSync(folder, { recursive: true });
      return profile;
    },
  };
}

/** @param measured what all samples together amount to */
async function readProfile(name: string, file: string, measured: number): Promise<Profile> {
  const byModule = new Map<string, number>();
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  let samples = 0;
  const { stdout } = spawn("perf", ["script", "-i", file, "-F", "ip,sym,dso"], { stdio: ["ignore", "pipe", "ignore"] });
  let stack: Frame[] = [];
  for await (const line of createInterface({ input: stdout })) {
    const frame = parseFrame(line);
    if (frame !== undefined) {
      stack.push(frame);
      continue;
    }
    // An empty line ends a sample. Its first frame is the innermost.
    const [innermost] = stack;
    if (innermost !== undefined) {
      samples++;
      count(byModule, innermost.module);
      count(self, innermost.symbol);
      for (const symbol of new Set(stack.map((of) => of.symbol))) count(total, symbol);
    }
    stack = [];
  }
  const scaled = (counts: Map<string, number>) =>
    new Map(Array.from(counts, ([key, value]) => [key, (value / samples) * measured]));
  return { name, byModule: scaled(byModule), self: scaled(self), total: scaled(total) };
}

interface Frame {
  readonly symbol: string;
  readonly module: string;
}

/** `    7f12ab workerd::api::WebSocket::send (/path/to/workerd)` */
function parseFrame(line: string): Frame | undefined {
  const [, symbol, file] = /^\s*[0-9a-f]+ (.*) \((\S+)\)$/.exec(line) ?? [];
  if (symbol === undefined || file === undefined) return undefined;
  const module = file.endsWith(".map") ? "compiled JavaScript" : basename(file);
  return { symbol: symbol.slice(0, LONGEST_NAME), module: module === "[kernel.kallsyms]" ? "kernel" : module };
}

function isNotable(symbol: string): boolean {
  return NOTABLE.test(symbol);
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function tableOf(
  title: string,
  profiles: readonly Profile[],
  countsOf: (profile: Profile) => ReadonlyMap<string, number>,
  isWanted: (key: string) => boolean = () => true,
): string[] {
  const keys = new Set(profiles.flatMap((profile) => [...countsOf(profile).keys()]));
  const rows = [...keys].filter(isWanted).map((key) => ({
    key,
    values: profiles.map((profile) => countsOf(profile).get(key) ?? 0),
  }));
  const spread = ({ values }: { values: readonly number[] }) => Math.max(...values) - Math.min(...values);
  rows.sort((a, b) => spread(b) - spread(a));
  const cells = rows.slice(0, LINES).map(({ key, values }) => [...values.map((value) => value.toFixed(2)), key]);
  return ["", `  ${title}`, ...alignColumns([profiles.map(({ name }) => name), ...cells]).map((line) => `    ${line}`)];
}
