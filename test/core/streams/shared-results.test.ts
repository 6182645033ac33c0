import fc from "fast-check";
import { executeSubscriptionEvent, GraphQLObjectType, parse, validate } from "graphql";
import { expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { DocumentCache } from "../../../src/core/operation/document-cache.ts";
import { planOperation, type SubscriptionPlan } from "../../../src/core/operation/plan-operation.ts";
import { groupKey, SubscriptionGroups } from "../../../src/core/operation/subscription-groups.ts";
import type { Viewer } from "../../../src/core/permissions/viewer.ts";
import type { Message } from "../../../src/core/pubsub/message.ts";
import { parseMessage } from "../../../src/core/pubsub/parse-message.ts";
import type { EventStreams } from "../../../src/core/streams/event-streams.ts";
import { streamOccurrences } from "../../../src/core/streams/stream-occurrences.ts";
import { anySelection } from "../../support/any-selection.ts";
import { newStreams } from "../../support/new-streams.ts";
import {
  APPLICATION,
  CALLERS,
  type CallerName,
  eventCase,
  messageOf,
  permissionCase,
  snapshotOf,
  USER_WORKSPACES,
  valuesIn,
  visibleValues,
} from "../../support/permission-cases.ts";
import { application, permissionsOf, user } from "../../support/permissions-of.ts";
import { messageRules, WORKSPACE } from "../../support/publish-fixtures.ts";
import { undeliverable } from "../../support/undeliverable.ts";

/** What two streams of each caller run: the documents are few, so that callers who may see different things have one in common. */
interface Stream {
  readonly head: string;
  readonly id: string;
  readonly caller: CallerName;
  readonly viewer: Viewer;
  readonly plan: SubscriptionPlan;
}

const { schema } = catalogue;
const documents = new DocumentCache(catalogue, DEFAULT_LIMITS);

const objectTypes = Object.values(schema.getTypeMap()).filter((type) => type instanceof GraphQLObjectType);

/** Any document, with directives on a variable in it and in its fragments. */
const anyDocument = anySelection(schema.getType("EventSubscription"), 4, (type) => [`...${type}`])
  .map((selection) => {
    const fragments = objectTypes
      .filter(({ name }) => selection.includes(`...${name}`))
      .map(({ name }) => `fragment ${name} on ${name} { __typename ... @skip(if: $flag) { of: __typename } }`);
    const body = `{ onEventSubscription(eventStreamId: $id) ${selection} } ${fragments.join(" ")}`;
    return `subscription ($id: String!${body.includes("$flag") ? ", $flag: Boolean!" : ""}) ${body}`;
  })
  .filter((source) => validate(schema, parse(source)).length === 0);

/** What Twenty's front-end sends, in short. */
const USUAL = `subscription ($id: String!) { onEventSubscription(eventStreamId: $id) { eventStreamId
  objectRecordEventsWithQueryIds { objectRecordEvent { action recordId properties { updatedFields before after diff } } queryIds }
  metadataEvents { type recordId properties { after } } } }`;

function principalOf(name: CallerName) {
  return name === "application" ? application(APPLICATION, USER_WORKSPACES.ada) : user(USER_WORKSPACES[name]);
}

function openStreams(sources: readonly string[], flags: readonly boolean[], viewerOf: (name: CallerName) => Viewer) {
  const streams = newStreams();
  const groups = new SubscriptionGroups<Stream>({ undeliverable });
  const all = CALLERS.flatMap((caller, i) =>
    sources.map((document, j): Stream => {
      const id = `${caller} é漢 ${j}`;
      const identity = `user:${caller}`;
      const userWorkspaceId = caller === "application" ? USER_WORKSPACES.ada : USER_WORKSPACES[caller];
      streams.attach(id, { identity, userWorkspaceId, isUser: true }, undefined, 0, 0);
      const filters = [{}, { owner: { eq: "A" } }, { not: { salary: { eq: "x" } } }];
      for (const [query, filter] of filters.entries()) {
        for (const objectNameSingular of ["person", "company"]) {
          const queryId = `${objectNameSingular} 🚰 ${query}`;
          streams.addQuery(id, identity, queryId, { objectNameSingular, variables: { filter } }, 0);
        }
      }
      const flag = flags[(i + j) % flags.length] === true;
      const variables = JSON.stringify(document.includes("$flag: ") ? { id, flag } : { id });
      const planned = planOperation(catalogue, documents.prepare(document), { variables });
      if (planned.type !== "subscription") throw new Error(`No subscription: ${document}`);
      return { head: "", id, caller, viewer: viewerOf(caller), plan: planned.plan };
    }),
  );
  for (const stream of all) {
    const key = groupKey(stream.viewer.key, { document: stream.id, variables: "" });
    groups.open(key, stream.plan, stream.viewer, false).members.add(stream);
  }
  return { streams, groups, all };
}

/** What graphql-js makes for a stream by itself. */
function executed({ id, plan, viewer }: Stream, message: Message, streams: EventStreams): string[] {
  return streamOccurrences(message, streams, id).flatMap(({ valueFor }) => {
    const value = valueFor(viewer, plan.args);
    if (value === undefined) return [];
    const rootValue = { onEventSubscription: value };
    return [JSON.stringify(executeSubscriptionEvent({ ...plan.execution, rootValue }))];
  });
}

it("[PERM-17] [STREAM-5] what streams have in common is what each would have been sent by itself, and may see", () => {
  const counts = { results: 0, values: 0 };
  const runs = fc.record({
    permissions: permissionCase,
    events: fc.array(eventCase, { minLength: 1, maxLength: 3 }),
    others: fc.array(anyDocument, { maxLength: 2 }),
    flags: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(runs, ({ permissions, events, others, flags }) => {
      const stored = permissionsOf(snapshotOf(permissions, 1));
      const { streams, groups, all } = openStreams([USUAL, ...others], flags, (name) =>
        stored.viewerOf(principalOf(name)),
      );
      const field = catalogue.subscriptions.get("onEventSubscription");
      if (field === undefined) throw new Error("The catalogue has no event streams.");
      for (const [n, event] of events.entries()) {
        const { message } = parseMessage(messageOf(event, n, WORKSPACE), messageRules());
        const sent = new Map(all.map(({ id }) => [id, [] as string[]]));
        groups.deliver(
          { row: { offset: 1, events: 1, at: 0, body: "" }, message },
          [field],
          { streams },
          String,
          ({ id }, { tails, bytes }) => {
            expect(bytes).toBe(new TextEncoder().encode(tails.join("")).length);
            sent.get(id)?.push(...tails);
          },
        );
        for (const stream of all) {
          const results = sent.get(stream.id) ?? [];
          expect(results).toEqual(executed(stream, message, streams).map((text) => `${text}}`));
          const allowed = visibleValues(permissions, stream.caller, event, n).all;
          for (const value of valuesIn(results.join())) {
            expect(allowed).toContain(value);
            counts.values++;
          }
          counts.results += results.length;
        }
      }
    }),
    { seed: 20261124, numRuns: 300 },
  );
  // Neither may be so rare that nothing is shown.
  expect(counts.results).toBeGreaterThan(500);
  expect(counts.values).toBeGreaterThan(1_000);
});
