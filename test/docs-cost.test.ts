import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { UNITS } from "../scripts/lib/billed-counts.ts";
import { billsTable, EXAMPLES, unitsTable } from "../scripts/lib/cost-tables.ts";
import { billOf, dollarsFor, quantitiesOf, WORKLOAD } from "../scripts/lib/monthly-bill.ts";
import { PLAN_DOLLARS, REDIS_AND_NODE_DOLLARS } from "../scripts/lib/price-list.ts";

const page = readFileSync(new URL("../docs/cost.md", import.meta.url), "utf8");

it("docs/cost.md tells what each unit of work is billed for, as test/object/cost.test.ts measures it", () => {
  expect(page).toContain(unitsTable());
});

it("docs/cost.md tells what its examples cost, as `npm run cost` prints it", () => {
  expect(page).toContain(billsTable(EXAMPLES));
});

it("docs/cost.md writes its formulas with the counts of its table", () => {
  const { close, connect, connectFirst, idleManyWithoutPings: many, idleWithoutPings: one } = UNITS;
  const { publishTrimming, refresh, wake } = UNITS;
  const formulas = {
    "alarms A": `C + ${refresh.counts.requests} R + H × min(${one.counts.requests} S, ${many.counts.requests}), at most`,
    "frames F": `${connect.counts.frames + close.counts.frames} C + R + ${one.counts.frames} N`,
    "rows written": `C + ${publishTrimming.counts.rowsWritten} P + A, at most`,
    "rows read": `${connectFirst.counts.rowsRead} C + ${publishTrimming.counts.rowsRead} P + ${wake.counts.rowsRead} wakes`,
  };
  for (const [what, formula] of Object.entries(formulas)) expect(page).toContain(`| ${what} | ${formula} |`);
});

it("an object that is never at rest is billed for all of its hours, and for no more", () => {
  const { gbSeconds } = quantitiesOf({ ...WORKLOAD, hours: 730, sockets: 20_000, publishes: 1000 });
  const dollars = dollarsFor("gbSeconds", gbSeconds, { included: false });
  expect(page).toContain(`${gbSeconds.toLocaleString("en-US")} GB-s, $${dollars.toFixed(2)}**`);
});

it("docs/cost.md tells what messages cost, and from where on a fixed price is less", () => {
  const { edgeRequests, requests, rowsWritten } = UNITS.publishTrimming.counts;
  const none = { edgeRequests: 0, edgeCpuMs: 0, requests: 0, gbSeconds: 0, rowsRead: 0, rowsWritten: 0, storedGb: 0 };
  const bill = (messages: number, included: boolean) =>
    billOf(
      {
        ...none,
        edgeRequests: messages * edgeRequests,
        requests: messages * requests,
        rowsWritten: messages * rowsWritten,
      },
      { included },
    );
  const million = bill(1_000_000, false) - PLAN_DOLLARS;
  expect(page).toContain(`A million messages beyond what the plan includes cost $${million.toFixed(2)}`);
  expect(page).toContain("Between 26 and 27 million messages a month, ten a second");
  expect(bill(26_000_000, true)).toBeLessThan(REDIS_AND_NODE_DOLLARS);
  expect(bill(27_000_000, true)).toBeGreaterThan(REDIS_AND_NODE_DOLLARS);
});

it("a bill is the plan's price and what is used beyond what the plan includes", () => {
  const nothing = { ...quantitiesOf(WORKLOAD), storedGb: 0, rowsWritten: 50_000_000 };
  expect(billOf(nothing, { included: true })).toBe(PLAN_DOLLARS);
  expect(billOf({ ...nothing, rowsWritten: 51_000_000 }, { included: true })).toBe(PLAN_DOLLARS + 1);
  expect(dollarsFor("rowsWritten", 51_000_000, { included: false })).toBe(51);
});

it("npm run cost prints the tables of docs/cost.md, or that of another workload, or what it expected", () => {
  const run = (...args: string[]) => {
    const script = new URL("../scripts/cost.ts", import.meta.url).pathname;
    const { status, stdout } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
    return { status, stdout };
  };
  expect(run()).toEqual({ status: 0, stdout: `${unitsTable()}\n\n${billsTable(EXAMPLES)}\n` });
  const workload = { ...WORKLOAD, sockets: 20, tokenMinutes: 60 };
  const printed = `${billsTable({ "this workload": workload })}\n`;
  expect(run("--sockets", "20", "--token-minutes", "60")).toEqual({ status: 0, stdout: printed });
  expect(run("--sockets", "none")).toEqual({ status: 2, stdout: "" });
}, 30_000);
