import { UNITS } from "./billed-counts.ts";
import { billOf, dollarsFor, quantitiesOf, WORKLOAD, type Workload } from "./monthly-bill.ts";
import { PRICES, type Price, type Priced, REDIS_AND_NODE_DOLLARS } from "./price-list.ts";

/** The workloads that docs/cost.md shows, by the heads of their columns. */
export const EXAMPLES: Readonly<Record<string, Workload>> = {
  "10 users": WORKLOAD,
  "200 users": { ...WORKLOAD, sockets: 200 },
  "2,000 users": { ...WORKLOAD, sockets: 2000 },
  "1,000 workspaces of 5 users": { ...WORKLOAD, workspaces: 1000, sockets: 5 },
};

/** What each unit of work is billed for, in Markdown. */
export function unitsTable(): string {
  const rows = Object.values(UNITS).map(({ what, counts }) => [
    what,
    ...[counts.edgeRequests, counts.requests, counts.frames, counts.rowsRead, counts.rowsWritten, counts.wakes].map(
      String,
    ),
  ]);
  const heads = ["what happens", "Worker requests", "object requests", "frames", "rows read", "rows written", "wakes"];
  return table(heads, rows);
}

/** What a month of workloads is billed, in Markdown, a column for each. */
export function billsTable(workloads: Readonly<Record<string, Workload>>): string {
  const all = Object.values(workloads).map(quantitiesOf);
  const names = Object.keys(PRICES) as Priced[];
  const lines = names.map((name) => [
    PRICES[name].what,
    priceOf(PRICES[name]),
    ...all.map((quantities) => {
      const quantity = quantities[name];
      return `${amount(quantity)}, ${dollars(dollarsFor(name, quantity, { included: false }))}`;
    }),
  ]);
  const bills = (included: boolean) => all.map((quantities) => `**${dollars(billOf(quantities, { included }))}**`);
  return table(
    ["a month", "price", ...Object.keys(workloads)],
    [
      ...lines,
      ["**bill, with what the plan includes**", "", ...bills(true)],
      ["bill, when other things have used that up", "", ...bills(false)],
      ["beside it: Redis and Node, one deployment", "", ...all.map(() => dollars(REDIS_AND_NODE_DOLLARS))],
    ],
  );
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`.replace(/ {2}/g, " ");
  return [line(heads), `|${heads.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function priceOf({ dollars: price, per, unit }: Price): string {
  return `$${price < 0.01 ? price : price.toFixed(2)} for ${per === 1 ? "a" : "a million"} ${unit}`.trim();
}

const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

function amount(quantity: number): string {
  return COMPACT.format(quantity);
}

function dollars(sum: number): string {
  return `$${sum.toFixed(2)}`;
}
