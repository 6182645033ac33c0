/** Prints what workspaces cost on Cloudflare's price list: `npm run cost -- --sockets 200 --publishes 6`. */
import { parseArgs } from "node:util";
import { billsTable, EXAMPLES, unitsTable } from "./lib/cost-tables.ts";
import { WORKLOAD, type Workload } from "./lib/monthly-bill.ts";

const USAGE = `Usage: npm run --silent cost -- [options]

  --workspaces N    workspaces that are alike (default ${WORKLOAD.workspaces})
  --sockets N       sockets that are open at the same time in each (${WORKLOAD.sockets})
  --hours N         hours a month that they are open (${WORKLOAD.hours})
  --connects N      how often each is opened, an hour (${WORKLOAD.connects})
  --publishes N     publishes an hour, for each socket (${WORKLOAD.publishes})
  --token-minutes N the life of a token (${WORKLOAD.tokenMinutes})
  --message-bytes N the size of a published message (${WORKLOAD.messageBytes})

Without options it prints the tables of docs/cost.md.
`;

class UsageError extends Error {}

try {
  process.stdout.write(`${print(process.argv.slice(2))}\n`);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

function print(args: string[]): string {
  if (args.length === 0) return `${unitsTable()}\n\n${billsTable(EXAMPLES)}`;
  const values = parseValues(args);
  if (values["help"] === true) return USAGE;
  const workload = Object.entries(WORKLOAD).map(([name, standard]) => {
    const value = values[optionOf(name)];
    return [name, value === undefined ? standard : positive(optionOf(name), String(value))];
  });
  return billsTable({ "this workload": Object.fromEntries(workload) as Workload });
}

/** `tokenMinutes` is given as `--token-minutes`. */
function optionOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function parseValues(args: string[]): Record<string, string | boolean | undefined> {
  const numbers = Object.keys(WORKLOAD).map((name) => [optionOf(name), { type: "string" }] as const);
  try {
    return parseArgs({ args, options: { ...Object.fromEntries(numbers), help: { type: "boolean" } } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new UsageError(`--${name}: expected a number above 0.`);
  return value;
}
