import { describe, expect, it } from "vitest";
import { MUTANTS } from "./chaos/mutants/all.ts";
import { alteredFiles } from "./chaos/mutants/mutant.ts";

const ROOT = new URL("..", import.meta.url).pathname;

// That chaos catches them is for `npm run chaos:mutants` to show.
describe("the mutants that chaos is tried on", () => {
  it("have different names", () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  it.each(MUTANTS)("$name: still applies to the source, in one place each", async (mutant) => {
    await expect(alteredFiles(mutant, ROOT)).resolves.toBeInstanceOf(Map);
  });
});
