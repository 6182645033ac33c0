import { expect, it } from "vitest";
import { parseFilter } from "../../../src/core/filter/parse-filter.ts";
import { textWeightOf } from "../../../src/core/filter/text-weight.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";

it.each<[object, number]>([
  [{}, 0],
  [{ id: { eq: "1" }, age: { gt: 1 }, name: { startsWith: "a" } }, 0],
  [{ name: { ilike: "%a%b%" } }, 1],
  [{ name: { like: `%${"a_".repeat(32)}%` } }, 3],
  [{ searchVector: { search: "two words" } }, 2],
  [{ tags: { containsIlike: "%a%" } }, 1],
  [{ tags: { containsAny: ["a", "b"] } }, 1],
  [{ name: { firstName: { ilike: "%a%" }, lastName: { ilike: "%b%" } } }, 2],
  [{ or: [{ name: { ilike: "%a%" } }, { not: { and: [{ city: { like: "b" } }, {}] } }] }, 2],
  [{ name: { regex: "a" } }, 0],
])("%j may read a text %i times", (filter, weight) => {
  expect(textWeightOf(parseFilter(filter, DEFAULT_LIMITS))).toBe(weight);
});
