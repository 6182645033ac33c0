import { expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { initialResult } from "../../../src/core/operation/initial-result.ts";
import type { SubscribePayload } from "../../../src/core/protocol/messages.ts";
import { UUID } from "../../support/publish-fixtures.ts";

const CHAT = "subscription A ($id: UUID!) { chat: onAgentChatEvent(threadId: $id) { ...B } }";
const FRAGMENT = "fragment B on AgentChatEvent { event }";

function initialOf(query: string, payload: Partial<SubscribePayload> = {}): unknown {
  const text = initialResult(catalogue, { query, variables: { id: UUID }, ...payload }, DEFAULT_LIMITS);
  return text === undefined ? undefined : JSON.parse(text);
}

it("[CHAT-3] is in the shape that the operation selects", () => {
  const keepalive = { data: { chat: { event: { type: "keepalive" } } } };
  expect(initialOf(`${CHAT} ${FRAGMENT}`)).toEqual(keepalive);
  const others = "query Q { __typename } subscription S { onDbEvent(input: {}) { action } }";
  expect(initialOf(`${CHAT} ${FRAGMENT} ${others}`, { operationName: "A" })).toEqual(keepalive);
});

it.each<[string, string, Partial<SubscribePayload>]>([
  ["of another field", "subscription { onDbEvent(input: {}) { action } } # onAgentChatEvent", {}],
  ["that is no subscription", '{ onAgentChatEvent: __type(name: "JSON") { name } }', {}],
  ["that is not the one that is meant", `${CHAT} ${FRAGMENT} query Q { __typename }`, { operationName: "Q" }],
  ["that is not told from others", `${CHAT} ${FRAGMENT} query Q { __typename }`, {}],
  ["that does not parse", "subscription { onAgentChatEvent(", {}],
  ["that does not validate", CHAT, {}],
  [
    "whose fragments go in circles",
    "subscription { ...onAgentChatEvent } fragment onAgentChatEvent on Subscription { ...onAgentChatEvent }",
    {},
  ],
  ["whose variables do not fit", `${CHAT} ${FRAGMENT}`, { variables: { id: "x" } }],
])("there is none of an operation %s", (_, query, payload) => expect(initialOf(query, payload)).toBeUndefined());
