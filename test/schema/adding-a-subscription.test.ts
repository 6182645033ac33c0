import { readFileSync } from "node:fs";
import { buildSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { onQueueJob } from "../../examples/adding-a-subscription/src/on-queue-job.ts";
import exampleSdl from "../../examples/adding-a-subscription/src/schema.graphql";
import { catalogue } from "../../schema/index.ts";
import sdl from "../../schema/schema.graphql";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import type { Catalogue } from "../../src/core/operation/catalogue.ts";
import { planOperation, refusal, type SubscriptionPlan } from "../../src/core/operation/plan-operation.ts";
import { prepareDocument, socketDocumentLimits } from "../../src/core/operation/prepare-document.ts";
import { groupKey, SubscriptionGroups } from "../../src/core/operation/subscription-groups.ts";
import { nextFrameHead } from "../../src/core/protocol/next-frame.ts";
import { parseMessage } from "../../src/core/pubsub/parse-message.ts";
import { messageRules, queueJobUpdated, USER_WORKSPACE, UUID, WORKSPACE } from "../support/publish-fixtures.ts";

const ROOT = new URL("../..", import.meta.url);
const AT = Date.parse("2026-09-01T00:00:00.000Z");
const DOCUMENT = `subscription ($userWorkspaceId: String, $jobId: String) {
  onQueueJob(userWorkspaceId: $userWorkspaceId, jobId: $jobId) { jobId state eventDate }
}`;

/** The catalogue of schema/index.ts as it is once the steps of the page are done. */
const extended: Catalogue = {
  ...catalogue,
  schema: buildSchema(`${sdl}\n${exampleSdl}`),
  subscriptions: new Map([...catalogue.subscriptions, [onQueueJob.name, onQueueJob]]),
};

const caller = {
  kind: "user",
  workspaceId: WORKSPACE,
  userId: UUID,
  userWorkspaceId: USER_WORKSPACE,
  issuedAt: 0,
  expiresAt: 1,
} as const;

function planOf(variables: object): SubscriptionPlan {
  const prepared = prepareDocument(extended.schema, DOCUMENT, socketDocumentLimits(DEFAULT_LIMITS));
  const planned = planOperation(extended, prepared, { variables: JSON.stringify(variables) });
  if (planned.type !== "subscription") throw new Error(`No subscription: ${JSON.stringify(planned)}`);
  return planned.plan;
}

/** What a subscriber receives of a message that is published. */
function received(variables: object, published: object): unknown[] {
  const groups = new SubscriptionGroups<{ readonly head: string }>();
  const key = groupKey("open", { document: DOCUMENT, variables: JSON.stringify(variables) });
  groups.open(key, planOf(variables), false).members.add({ head: nextFrameHead("1") });
  const { message } = parseMessage(published, messageRules());
  const payloads: unknown[] = [];
  const row = { offset: 1, events: 1, at: AT, body: "" };
  groups.deliver({ row, message }, [onQueueJob], String, (_, { text }) => payloads.push(JSON.parse(text)));
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
    ["jobs for everybody", {}, forEverybody, [event]],
    ["a job by its id", { jobId: "1" }, forEverybody, [event]],
    ["no other job", { jobId: "2" }, forEverybody, []],
    ["the jobs of a user", { userWorkspaceId: USER_WORKSPACE }, forUser, [event]],
    [
      "the jobs of a user whose id is in upper case",
      { userWorkspaceId: USER_WORKSPACE.toUpperCase() },
      forUser,
      [event],
    ],
    ["a user's jobs only when asked for them", {}, forUser, []],
    ["either a user's jobs or everybody's", { userWorkspaceId: USER_WORKSPACE }, forEverybody, []],
  ])("gives %s", (_, variables, published, payloads) => expect(received(variables, published)).toEqual(payloads));

  it.each<[object, string | undefined]>([
    [{}, undefined],
    [{ userWorkspaceId: null }, undefined],
    [{ userWorkspaceId: USER_WORKSPACE }, undefined],
    [{ userWorkspaceId: USER_WORKSPACE.toUpperCase() }, undefined],
    [{ userWorkspaceId: UUID }, "The jobs of a user are for that user alone."],
    [{ userWorkspaceId: "" }, "The jobs of a user are for that user alone."],
    [{ userWorkspaceId: "everybody" }, "The jobs of a user are for that user alone."],
  ])("lets a user subscribe with %j, or says why not", (variables, reason) => {
    expect(refusal(planOf(variables), caller)?.message).toBe(reason);
  });

  it("refuses a caller that is no user the jobs of any", () => {
    const apiKey = { kind: "apiKey", workspaceId: WORKSPACE, apiKeyId: UUID, issuedAt: 0, expiresAt: 1 } as const;
    expect(refusal(planOf({ userWorkspaceId: USER_WORKSPACE }), apiKey)?.extensions["code"]).toBe("FORBIDDEN");
    expect(refusal(planOf({}), apiKey)).toBeUndefined();
  });
});
