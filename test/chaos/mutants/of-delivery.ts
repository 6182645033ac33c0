import type { Mutant } from "./mutant.ts";

/** What can go wrong with live events. */
export const MUTANTS_OF_DELIVERY: readonly Mutant[] = [
  {
    name: "one member of a group misses an event now and then",
    edits: [
      {
        file: "src/core/operation/subscription-groups.ts",
        find: "for (const member of members) this.#send(member, payload);",
        replace: `const [first] = members;
    const isLeftOut = (member: Member) => member === first && members.size > 1 && payload.offset % 97 === 0;
    for (const member of members) if (!isLeftOut(member)) this.#send(member, payload);`,
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "the events of a message come in another order",
    edits: [
      {
        file: "src/core/operation/subscription-groups.ts",
        find: "before.tails.push(...tails);",
        replace: "before.tails.unshift(...tails);",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["outOfOrder"],
  },
  {
    name: "the messages of a call come in another order",
    edits: [
      {
        file: "durable-objects/delivery.ts",
        find: "for (const row of rows) {",
        replace: "for (const row of [...rows].reverse()) {",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["outOfOrder"],
  },
  {
    name: "a repeated message is taken as new",
    edits: [
      {
        file: "durable-objects/write-messages.ts",
        find: "if (marking === undefined) return log.append(request, now);",
        replace: "if (marking === undefined) return log.append({ ...request, id: request.id + log.head }, now);",
      },
    ],
    caughtBy: "chaos",
    shownAs: [{ says: "was published again and is no duplicate" }],
  },
  {
    name: "a repeated message is answered as such and delivered again",
    edits: [
      {
        file: "durable-objects/write-messages.ts",
        find: "return { outcome: { id, position: positionAt(known.offset), events: known.events, duplicate: true } };",
        replace: `const row = { offset: known.offset, events, at: now, body: request.body };
    return { row, outcome: { id, position: positionAt(known.offset), events: known.events, duplicate: true } };`,
      },
    ],
    caughtBy: "chaos",
    shownAs: ["twice"],
  },
  {
    name: "a repeated message is answered with the position of its first event",
    edits: [
      {
        file: "durable-objects/write-messages.ts",
        find: "return { outcome: { id, position: positionAt(known.offset), events: known.events, duplicate: true } };",
        replace: `const position = positionAt(known.offset - known.events + 1);
    return { outcome: { id, position, events: known.events, duplicate: true } };`,
      },
    ],
    caughtBy: "chaos",
    shownAs: [{ says: "was answered" }],
  },
  {
    name: "a slow direct reader misses the event that found it slow",
    edits: [
      {
        file: "durable-objects/delivery.ts",
        find: "const before = row.offset - row.events;",
        replace: "const before = connection.state.isSlowAtEdge === true ? row.offset - row.events : row.offset;",
      },
    ],
    caughtBy: "chaos",
    shownAs: [{ says: '{"kind":"direct"' }],
  },
  {
    name: "a slow relayed reader misses an event",
    edits: [
      {
        file: "durable-objects/slow-readers.ts",
        find: 'return this.fallBehind(connection, head, now, "edge");',
        replace: 'return this.fallBehind(connection, head + 1, now, "edge");',
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "the edge drops a frame of a relayed socket now and then",
    edits: [
      {
        file: "src/edge/relay.ts",
        find: "      sendQuietly(outer, data);\n",
        replace: "      if (Math.random() > 0.002) sendQuietly(outer, data);\n",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "SSE drops an event now and then",
    edits: [
      {
        file: "src/edge/sse.ts",
        find: '      stream.send("next", text);\n',
        replace: '      if (Math.random() > 0.002) stream.send("next", text);\n',
      },
    ],
    caughtBy: "chaos",
    shownAs: ["lost"],
  },
  {
    name: "a message is answered and not written now and then",
    edits: [
      {
        file: "durable-objects/write-messages.ts",
        find: "  const row = tryAppend(request, now, log, marking);\n",
        replace: `  if (Math.random() < 0.01 && log.find(id) === undefined) {
    return { outcome: { id, position: positionAt(log.head + events), events, duplicate: false } };
  }
  const row = tryAppend(request, now, log, marking);
`,
      },
    ],
    caughtBy: "chaos",
    shownAs: [{ says: "is event" }, "lost"],
  },
  {
    name: "a client that takes no batches is sent them",
    edits: [
      {
        file: "durable-objects/connection.ts",
        find: "if (this.#batches && bytes + BRACKETS <= maxBatchBytes) {",
        replace: "if (bytes + BRACKETS <= maxBatchBytes) {",
      },
    ],
    caughtBy: "chaos",
    shownAs: [{ says: "a frame of several messages to a client that takes none" }],
  },
  {
    name: "the record that an operation asks for is not looked at",
    edits: [
      {
        file: "schema/subscriptions/on-db-event.ts",
        find: "    input.recordId ?? undefined,\n",
        replace: "    undefined,\n",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["unasked"],
  },
  {
    name: "an operation that was ended goes on in its group",
    edits: [
      {
        file: "durable-objects/subscriptions.ts",
        find: "    this.#leaveGroup(operation);\n    this.#holders.release(operation, Date.now());",
        replace: "    this.#holders.release(operation, Date.now());",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["afterEnd"],
  },
  {
    name: "an event is of another action than was published",
    edits: [
      {
        file: "schema/subscriptions/on-db-event.ts",
        find: "    action: action.toUpperCase(),\n",
        replace: '    action: action.toUpperCase().replace("RESTORED", "CREATED").replace("DELETED", "UPDATED"),\n',
      },
    ],
    caughtBy: "chaos",
    shownAs: ["otherContent"],
  },
];
