import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LIMITS } from "../src/core/limits.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const page = readFileSync(join(ROOT, "docs/operations.md"), "utf8");

/** The first cells of the table below a heading, without their quotes, each with the rest of its row. */
function tableBelow(heading: string): (readonly [string, string])[] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  return Array.from(
    own.matchAll(/^\| `([^`]+)`(.*)\|$/gm),
    ([, name = "", rest = ""]) => [name, rest.replace(/ +/g, " ")] as const,
  );
}

it("docs/operations.md tells of every setting that is no limit, and of no other", () => {
  const source = readFileSync(join(ROOT, "src/core/settings.ts"), "utf8");
  const read = source.matchAll(/(?:text|list|oneOf)\(bindings, "([A-Z_0-9]+)"/g);
  const known = new Set(Array.from(read, ([, name = ""]) => name));
  expect(known.size).toBeGreaterThan(15);
  expect(
    tableBelow("Settings")
      .map(([name]) => name)
      .sort(),
  ).toEqual([...known].sort());
});

it("docs/operations.md tells of every limit with its default and its range, and of no other", () => {
  const told = tableBelow("Limits").map(([name, rest]) => {
    const [, value, min, max] = /^ \| (\d+)[^|]* \| (\d+) to (\d+) \|/.exec(rest) ?? [];
    return [name, value, min, max].join(" ");
  });
  const known = Object.entries(LIMITS).map(([name, { default: value, min, max }]) => [name, value, min, max].join(" "));
  expect(told.sort()).toEqual(known.sort());
});

it("docs/operations.md tells of every line that the gateway logs, and of no other", () => {
  const logged = ["src", "durable-objects", "schema"].flatMap((folder) => {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
    return names
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => {
        const text = readFileSync(join(ROOT, folder, name), "utf8");
        return Array.from(
          text.matchAll(/console\.(error|warn|info|log|debug)\(\s*(?:\{\s*message: "([^"]+)")?/g),
          (call) =>
            call[2] === undefined ? `${folder}/${name} logs no constant message` : withLevel(call[2], call[1]),
        );
      });
  });
  const told = tableBelow("Logs").map(([message, rest]) =>
    withLevel(message, rest.startsWith(" (warning)") ? "warn" : "error"),
  );
  expect(told.sort()).toEqual([...new Set(logged)].sort());
});

function withLevel(message: string, level: string | undefined): string {
  return `${level}: ${message}`;
}
