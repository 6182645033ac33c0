import { GraphQLError } from "graphql";
import { catalogue } from "../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { type OperationPlan, planOperation, refusal } from "../../src/core/operation/plan-operation.ts";
import { prepareDocument, socketDocumentLimits } from "../../src/core/operation/prepare-document.ts";
import { groupKey, SubscriptionGroups } from "../../src/core/operation/subscription-groups.ts";
import { OPEN_VIEWER, type Viewer } from "../../src/core/permissions/viewer.ts";
import type { Principal } from "../../src/core/principal.ts";
import { nextFrameHead } from "../../src/core/protocol/next-frame.ts";
import { parseMessage } from "../../src/core/pubsub/parse-message.ts";
import { NO_STREAMS } from "./new-streams.ts";
import { payloadsIn } from "./payloads-in.ts";
import { messageRules, USER_WORKSPACE, UUID, WORKSPACE } from "./publish-fixtures.ts";
import { undeliverable } from "./undeliverable.ts";

/** When what is published is logged. */
export const LOGGED_AT = "2026-09-01T00:00:00.000Z";

export const USER: Principal = {
  kind: "user",
  workspaceId: WORKSPACE,
  userId: UUID,
  userWorkspaceId: USER_WORKSPACE,
  issuedAt: 0,
  expiresAt: 1,
};

export function planOf(query: string, variables: object): OperationPlan {
  const prepared = prepareDocument(catalogue.schema, query, socketDocumentLimits(DEFAULT_LIMITS));
  return planOperation(catalogue, prepared, { variables: JSON.stringify(variables) });
}

/** The codes of the errors that an operation ends with before it begins. */
export function refusedWith(query: string, variables: object, caller = USER, viewer = OPEN_VIEWER): unknown[] {
  const planned = planOf(query, variables);
  if (planned.type === "failed") return planned.errors.map(({ extensions }) => extensions.code);
  const refused = planned.type === "subscription" && refusal(planned.plan, caller, viewer);
  return refused instanceof GraphQLError ? [refused.extensions.code] : [];
}

/** What an operation receives of messages that are published, each result with the recipients that it is for. */
export function received(
  query: string,
  variables: object,
  published: readonly object[],
  viewer: Viewer = OPEN_VIEWER,
): { readonly result: unknown; readonly recipients?: readonly string[] }[] {
  const planned = planOf(query, variables);
  if (planned.type !== "subscription") throw new Error(`No subscription: ${JSON.stringify(planned)}`);
  const { plan } = planned;
  const groups = new SubscriptionGroups<{ readonly head: string }>({ undeliverable });
  const key = groupKey(viewer.key, { document: query, variables: JSON.stringify(variables) });
  groups.open(key, plan, viewer, false).members.add({ head: nextFrameHead("1") });
  const results: { readonly result: unknown; readonly recipients?: readonly string[] }[] = [];
  for (const input of published) {
    const { message } = parseMessage(input, messageRules());
    const fields = [...catalogue.subscriptions.values()].filter(({ listensTo }) => listensTo.includes(message.kind));
    const row = { offset: 1, events: 1, at: Date.parse(LOGGED_AT), body: "" };
    groups.deliver({ row, message }, fields, NO_STREAMS, String, (_, payload) => {
      const recipients = payload.recipients && { recipients: [...payload.recipients] };
      for (const result of payloadsIn(payload)) results.push({ result, ...recipients });
    });
  }
  return results;
}
