import type { Mutant } from "./mutant.ts";

/** What can go wrong between a position and the moment at which an operation is live. */
export const MUTANTS_OF_RESUMING: readonly Mutant[] = [
  {
    name: "a resume skips an event",
    edits: [
      {
        file: "durable-objects/resume-point.ts",
        find: "? { resume: { cursor: offset }, isGap: false }",
        replace: "? { resume: { cursor: offset + 1 }, isGap: false }",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "a resume repeats an event",
    edits: [
      {
        file: "durable-objects/resume-point.ts",
        find: "? { resume: { cursor: offset }, isGap: false }",
        replace: "? { resume: { cursor: Math.max(floor, offset - 1) }, isGap: false }",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["twice"],
  },
  {
    name: "a replay goes live one event too early",
    edits: [
      {
        file: "durable-objects/catch-up.ts",
        find: 'if (cursor >= log.head) return this.#end(operation, "complete");',
        replace: 'if (cursor >= log.head - 1) return this.#end(operation, "complete");',
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "each page of a replay but the last is followed by one that leaves out an event",
    edits: [
      {
        file: "durable-objects/catch-up.ts",
        find: "context.advance(operation, page.upTo);",
        replace: "context.advance(operation, page.upTo + 1);",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "a replay begins with the event of its position",
    edits: [
      {
        file: "src/core/operation/replay-window.ts",
        find: "if ((found[middle]?.offset ?? 0) <= offset) low = middle + 1;",
        replace: "if ((found[middle]?.offset ?? 0) < offset) low = middle + 1;",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["twice"],
  },
  {
    name: "a resume over SSE skips an event",
    edits: [
      {
        file: "src/edge/sse.ts",
        find: "const operation = await runInWorkspace(edge, principal, payload, {",
        replace: `const skip = (_: string, before: string, offset: string) => before + (Number(offset) + 1);
  const skipping = JSON.parse(JSON.stringify(payload).replace(/("after":"[^"]*\\.)(\\d+)/, skip));
  const operation = await runInWorkspace(edge, principal, skipping, {`,
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "a wake between the write and the send delivers twice",
    edits: [
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "    const { subscriptions } = this.#wake({ letsSleep: true });\n    const { open, positionAt } = this.#log;",
        replace: "    const { open, positionAt } = this.#log;",
      },
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "    subscriptions.deliver(rows, now);",
        replace:
          "    const { subscriptions } = this.#wake({ letsSleep: true });\n    subscriptions.deliver(rows, now);",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["twice"],
  },
  {
    name: "that a replay is over is not kept for the next wake",
    edits: [
      {
        file: "durable-objects/subscriptions.ts",
        find: `    connection.updateReady((ready) => withResumeState(ready, id, resume));
    this.#context.connections.save(connection);`,
        replace: "    connection.updateReady((ready) => withResumeState(ready, id, resume));",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["twice"],
  },
];
