import { expect, it } from "vitest";
import { countNodes } from "../../../src/core/filter/count-nodes.ts";
import { parseFilter } from "../../../src/core/filter/parse-filter.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";

it.each<[object, number]>([
  [{}, 1],
  [{ a: { eq: 1 } }, 1],
  [{ a: { eq: 1 }, b: { is: "NULL" } }, 3],
  [{ or: [{ a: { eq: 1 } }, { not: { b: { in: [1, 2, 3] } } }] }, 4],
  [{ name: { firstName: { eq: "a" }, lastName: { eq: "b" } } }, 3],
  [{ a: { regex: "x" } }, 0],
])("[LIMIT-36] %j counts as %d", (filter, nodes) => {
  expect(countNodes(parseFilter(filter, DEFAULT_LIMITS))).toBe(nodes);
});
