import type { Mutant } from "./mutant.ts";

/** What can be wrong about what a client is told of its place in the log. */
export const MUTANTS_OF_POSITIONS: readonly Mutant[] = [
  {
    name: "the position that is told is one ahead",
    edits: [
      {
        file: "durable-objects/position-teller.ts",
        find: "positionPing(operation.id, this.#log.positionAt(offset))",
        replace: "positionPing(operation.id, this.#log.positionAt(offset + 1))",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["ahead", "lost"],
  },
  {
    name: "the position that is told goes back by one",
    edits: [
      {
        file: "durable-objects/position-teller.ts",
        find: "positionPing(operation.id, this.#log.positionAt(offset))",
        replace: "positionPing(operation.id, this.#log.positionAt(Math.max(0, offset - 1)))",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["notGrowing"],
  },
  {
    name: "the position in an event is one ahead",
    edits: [
      {
        file: "src/core/operation/subscription-groups.ts",
        find: "withPosition(result.text, positionAt(offset))",
        replace: "withPosition(result.text, positionAt(offset + 1))",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["unasked"],
  },
  {
    name: "a position is told before the events up to it are sent",
    edits: [
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "    subscriptions.deliver(rows, now);",
        replace: "    subscriptions.reportPositions();\n    subscriptions.deliver(rows, now);",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["notGrowing"],
  },
  {
    name: "events are sent before they are written",
    edits: [
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "  async publish(published: PublishRequest[]): Promise<PublishOutcome[]> {",
        replace: `  async publish(published: PublishRequest[]): Promise<PublishOutcome[]> {
    return this.ctx.blockConcurrencyWhile(() => this.publishLate(published));
  }

  async publishLate(published: PublishRequest[]): Promise<PublishOutcome[]> {`,
      },
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "    const { outcomes, rows } = writeMessages(",
        replace: `    let offset = open().head;
    const fresh = new Map(requests.filter(({ id }) => open().find(id) === undefined).map((each) => [each.id, each]));
    const early = [...fresh.values()].map(({ events, body }) => ({ events, body, at: now, offset: (offset += events) }));
    subscriptions.deliver(early, now);
    await scheduler.wait(5);
    const { outcomes } = writeMessages(`,
      },
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "    subscriptions.deliver(rows, now);\n",
        replace: "",
      },
    ],
    caughtBy: "chaos:kill",
    shownAs: [{ says: "and the log ends at" }],
  },
  {
    name: "now and then an event of an operation that resumes has no position",
    edits: [
      {
        file: "src/core/operation/subscription-groups.ts",
        find: "occurrence, offset, positions ? positionAt : undefined)",
        replace: "occurrence, offset, positions && offset % 97 !== 0 ? positionAt : undefined)",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["withoutPosition"],
  },
  {
    name: "an operation that did not ask is told positions",
    edits: [
      {
        file: "src/core/operation/subscription-groups.ts",
        find: "occurrence, offset, positions ? positionAt : undefined)",
        replace: "occurrence, offset, positionAt)",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["uninvited"],
  },
  {
    name: "a gap is told as a position",
    edits: [
      {
        file: "durable-objects/position-teller.ts",
        find: 'if (how === "complete") return this.#tell(operation, head);',
        replace: "if (how !== undefined) return this.#tell(operation, head);",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["gapsMissing"],
  },
  {
    name: "what the log has let go of is passed over",
    edits: [
      {
        file: "durable-objects/resume-point.ts",
        find: "epoch === log.epoch() && offset >= floor && offset <= head",
        replace: "epoch === log.epoch() && floor >= 0 && offset <= head",
      },
      {
        file: "durable-objects/catch-up.ts",
        find: '    if (cursor < log.floor) return this.#end(operation, "gap");\n',
        replace: "",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["gapsMissing"],
  },
  {
    name: "a gap is told twice",
    edits: [
      {
        file: "durable-objects/position-teller.ts",
        find: "    operation.told = head;\n    operation.connection.send(",
        replace: `    operation.told = head;
    operation.connection.send(encodeServerMessage(gapPing(operation.id, this.#log.positionAt(head))));
    operation.connection.send(`,
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["gapsTwice"],
  },
  {
    name: "a gap is told at the head of the log, where nothing is missing",
    edits: [
      {
        file: "durable-objects/resume-point.ts",
        find: "offset >= floor && offset <= head",
        replace: "offset >= floor && offset < head",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["gapsWithin"],
  },
  {
    name: "SSE tells a gap as a position",
    edits: [
      {
        file: "src/edge/sse.ts",
        find: "const extensions = isGap ? { position, gap: true } : { position };",
        replace: "const extensions = isGap ? { position } : { position };",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["gapsMissing"],
  },
  {
    name: "a report of the position goes to operations that still catch up",
    edits: [
      {
        file: "durable-objects/position-teller.ts",
        find: "if (operation.group?.positions && (operation.told ?? 0) < head)",
        replace: "if (operation.group?.positions !== false && (operation.told ?? 0) < head)",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["notGrowing", "lost"],
  },
  {
    name: "quiet operations are not told their position",
    edits: [
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "if (positionReports.take(log, now)) subscriptions.reportPositions();",
        replace: "positionReports.take(log, now);",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: [{ says: "one was last told" }],
  },
];
