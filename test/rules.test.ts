import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = new URL("..", import.meta.url).pathname;

/** The ids that stand first in a row of a table: every rule, and every limit that belongs to one. */
function rulesInDocument(): Set<string> {
  const text = readFileSync(join(ROOT, "docs/protocol.md"), "utf8");
  return new Set(Array.from(text.matchAll(/^\| ([A-Z]+-[A-Z0-9]+) \|/gm), ([, id = ""]) => id));
}

/** The ids at the beginning of the names of tests: `[ID] sentence`, or `[ID] [ID] sentence`. */
function rulesInTests(): Set<string> {
  const files = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" });
  const ids = new Set<string>();
  for (const file of files.filter((name) => name.endsWith(".ts") && name !== "rules.test.ts")) {
    const text = readFileSync(join(ROOT, "test", file), "utf8");
    for (const [, prefix = ""] of text.matchAll(/["'`]((?:\[[A-Z]+-[A-Z0-9]+\] )+)/g)) {
      for (const [, id = ""] of prefix.matchAll(/\[([^\]]+)\]/g)) ids.add(id);
    }
  }
  return ids;
}

const documented = rulesInDocument();
const tested = rulesInTests();
const sorted = (ids: Iterable<string>) => [...ids].sort();

it("every rule of docs/protocol.md has a test", () => {
  expect(documented.size).toBeGreaterThan(100);
  expect(sorted([...documented].filter((id) => !tested.has(id)))).toEqual([]);
});

it("every rule that a test names is in docs/protocol.md", () => {
  expect(sorted([...tested].filter((id) => !documented.has(id)))).toEqual([]);
});
