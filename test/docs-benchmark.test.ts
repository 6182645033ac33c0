import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Ratio {
  readonly median: number;
}

interface Scenario {
  readonly title: string;
  readonly ratios: { readonly redis?: Ratio; readonly control?: Ratio; readonly baseline?: Ratio };
  readonly holds?: boolean;
}

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const { scenarios } = JSON.parse(read("bench/results/latest.json")) as { scenarios: Record<string, Scenario> };

/** As README writes a ratio. */
function cell(ratio: Ratio | undefined): string {
  return ratio === undefined ? "" : ratio.median.toPrecision(2);
}

it.each(["P1", "P1r", "P2", "P3", "P4", "P5", "P10"])(
  "README.md tells the ratios of %s as the run that was kept found them",
  (id) => {
    const { redis, control } = scenarios[id]?.ratios ?? {};
    expect(read("README.md")).toMatch(
      new RegExp(`^\\| ${id}: [^|]+ \\| ${cell(redis)} \\| ${cell(control)} \\|$`, "m"),
    );
  },
);

it("docs/performance.md names every scenario of which a goal does not hold", () => {
  const failed = Object.keys(scenarios).filter((id) => scenarios[id]?.holds === false);
  const page = read("docs/performance.md");
  const [, list = ""] = /^Goals that do not hold: (.*)\.$/m.exec(page) ?? [];
  expect(list.split(", ").sort()).toEqual(failed.sort());
});

it("bench/README.md has a row for every scenario of the run that was kept", () => {
  const page = read("bench/README.md");
  for (const id of Object.keys(scenarios)) expect(page).toContain(`\n| ${id} | `);
});
