import { readFileSync } from "node:fs";
import { buildSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { onQueueJob } from "../../examples/adding-a-subscription/src/on-queue-job.ts";
import exampleSdl from "../../examples/adding-a-subscription/src/schema.graphql";
import { catalogue } from "../../schema/index.ts";
import sdl from "../../schema/schema.graphql";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import type { Catalogue } from "../../src/core/operation/catalogue.ts";
import { planOperation, type SubscriptionPlan } from "../../src/core/operation/plan-operation.ts";
import { prepareDocument, socketDocumentLimits } from "../../src/core/operation/prepare-document.ts";
import { groupKey, SubscriptionGroups } from "../../src/core/operation/subscription-groups.ts";
import { OPEN_VIEWER } from "../../src/core/permissions/viewer.ts";
import { nextFrameHead } from "../../src/core/protocol/next-frame.ts";
import { parseMessage } from "../../src/core/pubsub/parse-message.ts";
import { NO_STREAMS } from "../support/new-streams.ts";
import { payloadsIn } from "../support/payloads-in.ts";
import { messageRules, queueJobUpdated, USER_WORKSPACE } from "../support/publish-fixtures.ts";
import { undeliverable } from "../support/undeliverable.ts";

const ROOT = new URL("../..", import.meta.url);
const AT = Date.parse("2026-09-01T00:00:00.000Z");
const DOCUMENT = "subscription ($jobId: String) { onQueueJob(jobId: $jobId) { jobId state eventDate } }";

/** The catalogue of schema/index.ts as it is once the steps of the page are done. */
const extended: Catalogue = {
  ...catalogue,
  schema: buildSchema(`${sdl}\n${exampleSdl}`),
  subscriptions: new Map([...catalogue.subscriptions, [onQueueJob.name, onQueueJob]]),
};

function planOf(variables: object): SubscriptionPlan {
  const prepared = prepareDocument(extended.schema, DOCUMENT, socketDocumentLimits(DEFAULT_LIMITS));
  const planned = planOperation(extended, prepared, { variables: JSON.stringify(variables) });
  if (planned.type !== "subscription") throw new Error(`No subscription: ${JSON.stringify(planned)}`);
  return planned.plan;
}

/** What a subscriber receives of a message that is published. */
function received(variables: object, published: object): unknown[] {
  const groups = new SubscriptionGroups<{ readonly head: string }>({ undeliverable });
  const key = groupKey("open", { document: DOCUMENT, variables: JSON.stringify(variables) });
  groups.open(key, planOf(variables), OPEN_VIEWER, false).members.add({ head: nextFrameHead("1") });
  const { message } = parseMessage(published, messageRules());
  const payloads: unknown[] = [];
  const row = { offset: 1, events: 1, at: AT, body: "" };
  groups.deliver({ row, message }, [onQueueJob], NO_STREAMS, String, (_, payload) =>
    payloads.push([...payloadsIn(payload), payload.recipients && [...payload.recipients]]),
  );
  return payloads;
}

const forEverybody = queueJobUpdated();
const forUser = queueJobUpdated({ broadcastTo: { userWorkspaceId: USER_WORKSPACE } });
const event = { data: { onQueueJob: { jobId: "1", state: "active", eventDate: "2026-09-01T00:00:00.000Z" } } };

it.each(["on-queue-job.ts", "schema.graphql"])("docs/adding-a-subscription.md shows the example's %s", (file) => {
  const page = readFileSync(new URL("docs/adding-a-subscription.md", ROOT), "utf8");
  const text = readFileSync(new URL(`examples/adding-a-subscription/src/${file}`, ROOT), "utf8");
  expect(page).toContain(`\n\`\`\`${file.split(".").at(-1)}\n${text}\`\`\`\n`);
});

describe("onQueueJob, added as the page says", () => {
  it.each<[string, object, object, readonly unknown[]]>([
    ["jobs for everybody", {}, forEverybody, [[event, undefined]]],
    ["a job by its id", { jobId: "1" }, forEverybody, [[event, undefined]]],
    ["no other job", { jobId: "2" }, forEverybody, []],
    ["the jobs of a user to that user", {}, forUser, [[event, [USER_WORKSPACE]]]],
  ])("gives %s", (_, variables, published, payloads) => expect(received(variables, published)).toEqual(payloads));
});
