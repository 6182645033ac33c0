import { expect, test } from "vitest";
import { inTurn } from "../bench/lib/scenario.ts";
import { startInTurn } from "../bench/lib/start-order.ts";

const PAIRS = [0, 1, 2, 3, 4, 5];

test("Over the pairs of a run each row is started as often before another as after it", async () => {
  const orders = await Promise.all(PAIRS.map(async (pair) => (await startAll(pair)).order));

  for (const [one, other] of [
    ["sluice", "control"],
    ["sluice", "redis"],
    ["control", "redis"],
  ] as const) {
    expect(orders.filter((order) => order.indexOf(one) < order.indexOf(other))).toHaveLength(PAIRS.length / 2);
  }
});

test("A row runs first in half of the pairs, also where a pair has one slice and its rows are those that were started", async () => {
  const firsts = await Promise.all(
    PAIRS.map(async (pair) => {
      const rows = await startInTurn(pair, { sluice: async () => "sluice", baseline: async () => "baseline" });
      return inTurn(Object.values(rows), pair)[0];
    }),
  );

  expect(firsts.filter((first) => first === "sluice")).toHaveLength(PAIRS.length / 2);
});

async function startAll(pair: number) {
  const order: string[] = [];
  const start = (name: string) => async () => void order.push(name);
  await startInTurn(pair, { sluice: start("sluice"), control: start("control"), redis: start("redis") });
  return { order };
}
