import { type Change, type Opportunities, type Opportunity, STAGES } from "./opportunities.ts";

/** What a window shows without scrolling, about. */
const MAX_CARDS = 13;

/**
 * What a busy sales team does next: an opportunity moves on, mostly, or its amount changes; what was won long enough makes
 * room for a new lead.
 * @param random from 0 to 1, like `Math.random`
 */
export function nextSale(opportunities: Opportunities, random: () => number): Change {
  const all = opportunities.list();
  const at = (stage: number) => all.filter((one) => one.stage === STAGES[stage]);
  const pick = (some: readonly Opportunity[]) => some[Math.floor(random() * some.length)];
  const won = at(STAGES.length - 1);
  const chance = random();
  if (at(0).length < 2 && all.length < MAX_CARDS) return opportunities.create();
  if (won.length > 3 && chance < 0.5) return opportunities.destroy(won[0]?.id ?? "");

  // Of two, the one that has more beside it: no column grows out of sight.
  const open = all.filter(({ stage }) => stage !== "WON");
  const beside = (one?: Opportunity) => open.filter(({ stage }) => stage === one?.stage).length;
  const one = [pick(open), pick(open)].toSorted((a, b) => beside(b) - beside(a))[0];
  if (one === undefined) return opportunities.create();
  if (chance > 0.65) {
    const step = Math.max(500, Math.round(one.amount / 10_000) * 1_000);
    return opportunities.update(one.id, { amount: Math.max(1_000, one.amount + (random() < 0.7 ? step : -step)) });
  }
  const index = STAGES.indexOf(one.stage);
  const stage = STAGES[index > 0 && random() < 0.15 ? index - 1 : index + 1] ?? one.stage;
  return opportunities.update(one.id, { stage });
}
