/**
 * Breaks whatever can break between publishers and subscribers, and compares what everybody received with what was
 * published: `npm run chaos -- [--minutes N] [--faults N] [--seed S]`.
 */
import { parseArgs } from "node:util";
import { runChaos } from "./chaos.ts";
import { formatFigures, isGood } from "./report.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string" }, faults: { type: "string" }, seed: { type: "string" } },
});
const { minutes, faults, seed = `${Math.floor(Math.random() * 2 ** 32)}` } = values;
process.stderr.write(`seed ${seed}\n`);
const figures = await runChaos({
  seed: Number(seed),
  faults: Number(faults ?? (minutes === undefined ? 1_000 : Number.POSITIVE_INFINITY)),
  minutes: Number(minutes ?? Number.POSITIVE_INFINITY),
  onProgress: (done) => process.stderr.write(`${done} faults\n`),
});
process.stdout.write(formatFigures(figures));
process.exit(isGood(figures) ? 0 : 1);
