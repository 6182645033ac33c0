import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { wrongIn } from "../../chaos/verdict.ts";
import { EvictionRun } from "../support/eviction-run.ts";

const STEPS = Number(Reflect.get(env, "CHAOS_STEPS"));
const KEPT_EVENTS = Number(Reflect.get(env, "LOG_MAX_EVENTS"));
const SEEDS = [1, 2, 3];

it.each(SEEDS)(
  "[GAP-2] tells a gap once where the log no longer reaches back and nowhere else, then everything (seed %i)",
  async (seed) => {
    const options = { seed, steps: STEPS, keptEvents: KEPT_EVENTS };
    const { counts, totals, published, gaps, wrong } = await new EvictionRun(options).run();
    console.info(
      `seed ${seed}: ${JSON.stringify(counts)}, ${published} events published, ${totals.delivered} delivered, ${gaps} gaps; wrong ${JSON.stringify(wrongIn(totals))}`,
    );
    expect(wrong).toEqual([]);
    expect(wrongIn(totals)).toEqual({});
    expect(gaps).toBeGreaterThan(counts["begun after an unknown position"] ?? 0);
  },
  600_000,
);
