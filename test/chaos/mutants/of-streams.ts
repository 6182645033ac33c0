import type { Mutant } from "./mutant.ts";

/** What can go wrong about event streams. */
export const MUTANTS_OF_STREAMS: readonly Mutant[] = [
  {
    name: "an event stream hears of the first event of a message alone",
    edits: [
      {
        file: "src/core/streams/stream-occurrences.ts",
        find: "if (queryIds.length > 0) events.push(",
        replace: "if (queryIds.length > 0 && events.length === 0) events.push(",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "an event stream is given what another caller may see",
    edits: [
      {
        file: "src/core/streams/stream-occurrences.ts",
        find: "const known = views.get(viewer);",
        replace: "const known = views.values().next().value;",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["hidden"],
  },
  {
    name: "an event stream names all its queries",
    edits: [
      {
        file: "src/core/streams/stream-occurrences.ts",
        find: "events.push({ queryIds, event: seen.value() });",
        replace: "events.push({ queryIds: [...stream.queries.keys()], event: seen.value() });",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["otherContent"],
  },
  {
    name: "event streams are not there after a restart",
    edits: [
      {
        file: "durable-objects/awake-workspace.ts",
        find: "stored: stored?.streams.load() ?? {",
        replace: "stored: {",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost", "gapsWithin"],
  },
];
