import type { Mutant } from "./mutant.ts";
import { MUTANTS_OF_DELIVERY } from "./of-delivery.ts";
import { MUTANTS_OF_POSITIONS } from "./of-positions.ts";
import { MUTANTS_OF_REFUSED_WRITES } from "./of-refused-writes.ts";
import { MUTANTS_OF_RESUMING } from "./of-resuming.ts";
import { MUTANTS_OF_RIGHTS } from "./of-rights.ts";
import { MUTANTS_OF_SLEEPING } from "./of-sleeping.ts";
import { MUTANTS_OF_STREAMS } from "./of-streams.ts";

export const MUTANTS: readonly Mutant[] = [
  ...MUTANTS_OF_RESUMING,
  ...MUTANTS_OF_DELIVERY,
  ...MUTANTS_OF_POSITIONS,
  ...MUTANTS_OF_RIGHTS,
  ...MUTANTS_OF_SLEEPING,
  ...MUTANTS_OF_STREAMS,
  ...MUTANTS_OF_REFUSED_WRITES,
];
