import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { WRONG } from "../verdict.ts";
import type { Kit, Mutant } from "./mutant.ts";

/** How much of a kit runs: what most mutants need, and more for those that have survived that. */
export const SIZES: Readonly<Record<Kit, readonly [number, ...number[]]>> = {
  chaos: [100, 400, 1_600],
  "chaos:evictions": [50, 150, 600],
  "chaos:kill": [5, 20],
};

/** What the sizes count. */
export const UNITS: Readonly<Record<Kit, string>> = {
  chaos: "faults",
  "chaos:evictions": "steps for each seed",
  "chaos:kill": "rounds",
};

export interface KitRun {
  /** Whether the kit found nothing wrong. */
  readonly isGood: boolean;
  readonly output: string;
}

/** Runs a kit on the sources in a folder. */
export async function runKit(kit: Kit, root: string, size: number, seed: number): Promise<KitRun> {
  const args: Readonly<Record<Kit, readonly string[]>> = {
    chaos: ["test/chaos/run.ts", "--faults", `${size}`, "--seed", `${seed}`],
    "chaos:evictions": [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--project",
      "object",
      "--project",
      "small-log",
      "chaos",
    ],
    "chaos:kill": ["test/chaos/kill-at-delivery.ts", "--rounds", `${size}`],
  };
  const env = { ...process.env, CHAOS_STEPS: `${size}` };
  const child = spawn(process.execPath, args[kit], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const [code] = await once(child, "close");
  return { isGood: code === 0, output: stripVTControlCharacters(output) };
}

/** The figures and sayings of a mutant that an output shows. */
export function shownBy(output: string, { shownAs }: Mutant): string[] {
  return shownAs.flatMap((shown) => {
    if (typeof shown !== "string") return output.includes(shown.says) ? [shown.says] : [];
    // As `npm run chaos` prints it, or the runs of evictions.
    const isShown = new RegExp(`^${WRONG[shown]} [1-9]|"${shown}":[1-9]`, "m").test(output);
    return isShown ? [WRONG[shown]] : [];
  });
}
