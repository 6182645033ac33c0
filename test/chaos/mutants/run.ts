/**
 * Tries the kits of chaos on bugs made on purpose: `npm run chaos:mutants -- [--only PART_OF_A_NAME] [--seed S]`.
 * Fails when a kit misses one, or finds something wrong where nothing was altered.
 */
import { parseArgs } from "node:util";
import { MUTANTS } from "./all.ts";
import { AlteredCopy } from "./altered-copy.ts";
import { runKit, SIZES, shownBy, UNITS } from "./kit-run.ts";
import { KITS, type Mutant } from "./mutant.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seed: { type: "string", default: "1" },
    output: { type: "boolean" },
  },
});
const seed = Number(values.seed);
const copy = new AlteredCopy();
let failed = 0;

/** Runs a mutant's kit for longer and longer until it is caught. */
async function tryMutant(mutant: Mutant): Promise<void> {
  const { name, caughtBy } = mutant;
  let otherwise = "";
  for (const size of SIZES[caughtBy]) {
    const { isGood, output } = await copy.with(mutant, () => runKit(caughtBy, copy.root, size, seed));
    if (values.output) process.stderr.write(output);
    const shown = shownBy(output, mutant);
    if (!isGood && shown.length === 0) otherwise = output;
    if (isGood || shown.length === 0) continue;
    return void process.stdout.write(`| ${name} | ${caughtBy} | ${size} ${UNITS[caughtBy]} | ${shown.join("; ")} |\n`);
  }
  failed++;
  process.stdout.write(`| ${name} | SURVIVED ${caughtBy} | | |\n${otherwise.slice(-3_000)}`);
}

try {
  await copy.make();
  const tried = MUTANTS.filter(({ name }) => name.includes(values.only));
  // What finds something wrong anywhere proves nothing by finding it in a mutant.
  for (const kit of KITS.filter((each) => tried.some(({ caughtBy }) => caughtBy === each))) {
    const size = Math.max(...SIZES[kit]);
    const { isGood, output } = await runKit(kit, copy.root, size, seed);
    process.stdout.write(
      `| nothing is altered | ${isGood ? "clean in" : "WRONG in"} ${kit} | ${size} ${UNITS[kit]} | |\n`,
    );
    if (isGood) continue;
    failed++;
    process.stdout.write(`${output.slice(-5_000)}\n`);
  }
  for (const mutant of tried) await tryMutant(mutant);
} finally {
  await copy.remove();
}
process.exit(failed === 0 ? 0 : 1);
