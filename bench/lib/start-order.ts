import { inTurn, type RowName } from "./scenario.ts";

type Starts = Readonly<Partial<Record<RowName, () => Promise<unknown>>>>;
type Started<Each> = { [Name in keyof Each]: Each[Name] extends (() => Promise<infer Row>) | undefined ? Row : never };

/**
 * Starts the rows of a round one after the other, in another order for each pair: a server that is started later takes
 * some percent less CPU for the same work, for as long as it runs.
 * @returns the rows in the order of `starts` for every pair: turns that were counted from another order would undo it
 */
export async function startInTurn<Each extends Starts>(pair: number, starts: Each): Promise<Started<Each>> {
  const names = Object.keys(starts) as RowName[];
  // The keys come first, as an object keeps the order in which it was given them.
  const started: Partial<Record<RowName, unknown>> = Object.fromEntries(names.map((name) => [name, undefined]));
  for (const name of inTurn(names, pair)) started[name] = await starts[name]?.();
  return started as Started<Each>;
}
