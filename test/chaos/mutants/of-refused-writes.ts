import type { Mutant } from "./mutant.ts";

/** What can go wrong while storage refuses writes. */
export const MUTANTS_OF_REFUSED_WRITES: readonly Mutant[] = [
  {
    name: "a message that could not be written is delivered all the same",
    edits: [
      {
        file: "durable-objects/write-messages.ts",
        find: "      written.push({ request, outcome: unavailable(request) });",
        replace: `      const { events, body } = request;
      const row = { offset: open().head + events, events, at: now, body };
      written.push({ request, outcome: unavailable(request), row });`,
      },
      {
        file: "durable-objects/write-messages.ts",
        find: "{ ...entry, outcome: unavailable(entry.request), row: undefined },",
        replace: "{ ...entry, outcome: unavailable(entry.request) },",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["unasked"],
  },
  {
    name: "a message that could not be written is answered as taken",
    edits: [
      {
        file: "durable-objects/write-messages.ts",
        find: "      written.push({ request, outcome: unavailable(request) });",
        replace: `      const { id, events } = request;
      written.push({ request, outcome: { id, position: positionAt(open().head), events, duplicate: false } });`,
      },
      {
        file: "durable-objects/write-messages.ts",
        find: "{ ...entry, outcome: unavailable(entry.request), row: undefined },",
        replace: "{ ...entry, row: undefined },",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: [{ says: "is event" }, "unasked"],
  },
  {
    name: "what the log could not let go of is forgotten",
    edits: [
      {
        file: "durable-objects/storage/sqlite-replay-log.ts",
        find: "      this.#letGo(row, now);",
        replace: "      this.#cursors.floor = row.offset;\n      this.#letGo(row, now);",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: [{ says: "bodies that the log has let go of are there" }],
  },
];
