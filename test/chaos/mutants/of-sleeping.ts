import type { Mutant } from "./mutant.ts";

/** What can go wrong with sockets that a wake lets sleep on. */
export const MUTANTS_OF_SLEEPING: readonly Mutant[] = [
  {
    name: "an event wakes nobody who sleeps",
    edits: [
      {
        file: "src/core/operation/subscription-groups.ts",
        find: "if (this.#sleeping.isAnySleeping) this.#sleeping.rouse(field.name, occurrence.topic);",
        replace: "",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["lost"],
  },
  {
    name: "of those who sleep and want the same, one is woken",
    edits: [
      {
        file: "src/core/pubsub/sleepers.ts",
        find: "yield* sleepers;",
        replace: "yield* sleepers.slice(0, 1);",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["lost"],
  },
];
