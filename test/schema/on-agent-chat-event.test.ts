import { describe, expect, it } from "vitest";
import { executeInitialValue } from "../../src/core/operation/plan-operation.ts";
import { BLIND_VIEWER, OPEN_VIEWER } from "../../src/core/permissions/viewer.ts";
import type { Principal } from "../../src/core/principal.ts";
import { planOf, received, refusedWith, USER } from "../support/field-receiver.ts";
import { chatMessage, OTHER_WORKSPACE, USER_WORKSPACE, UUID, WORKSPACE } from "../support/publish-fixtures.ts";

const QUERY = "subscription ($threadId: UUID!) { onAgentChatEvent(threadId: $threadId) { threadId event } }";
const said = { data: { onAgentChatEvent: { threadId: UUID, event: { type: "message" } } } };
const apiKey: Principal = { kind: "apiKey", workspaceId: WORKSPACE, apiKeyId: UUID, issuedAt: 0, expiresAt: 1 };
const application: Principal = {
  ...{ kind: "application", workspaceId: WORKSPACE, applicationId: UUID, issuedAt: 0, expiresAt: 1 },
  userWorkspaceId: USER_WORKSPACE,
};

describe("onAgentChatEvent", () => {
  it.each([UUID, UUID.toUpperCase()])("[CHAT-1] [FEED-2] hears of the thread %s, for the recipients", (threadId) => {
    expect(received(QUERY, { threadId }, [chatMessage()])).toEqual([{ result: said, recipients: [USER_WORKSPACE] }]);
  });

  it("[CHAT-1] hears of no other thread", () => {
    expect(received(QUERY, { threadId: OTHER_WORKSPACE }, [chatMessage()])).toEqual([]);
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["not wrapped", { threadId: UUID, event: {} }],
    ["a text", { onAgentChatEvent: "x" }],
    ["of another thread than its channel", { onAgentChatEvent: { threadId: OTHER_WORKSPACE, event: {} } }],
    ["of no thread", { onAgentChatEvent: { event: {} } }],
    ["without an event", { onAgentChatEvent: { threadId: UUID } }],
  ])("[FEED-1] does not hear of a payload that is %s", (_, payload) => {
    for (const threadId of [UUID, OTHER_WORKSPACE]) {
      expect(received(QUERY, { threadId }, [chatMessage({ payload })])).toEqual([]);
    }
  });

  it("[CHAT-3] begins with a keepalive of its thread", () => {
    const planned = planOf(QUERY, { threadId: UUID.toUpperCase() });
    const initial = planned.type === "subscription" ? executeInitialValue(planned.plan) : undefined;
    expect(JSON.parse(initial ?? "")).toEqual({
      data: { onAgentChatEvent: { threadId: UUID, event: { type: "keepalive" } } },
    });
  });

  it.each<[string, Principal, readonly string[]]>([
    ["an API key", apiKey, ["FORBIDDEN"]],
    ["an application with a user", application, ["FORBIDDEN"]],
    ["a user", USER, []],
  ])("[CHAT-2] is for users: %s", (_, caller, codes) => {
    expect(refusedWith(QUERY, { threadId: UUID }, caller, OPEN_VIEWER)).toEqual(codes);
  });

  it("[FLAG-1] needs AI", () => {
    const viewer = { ...BLIND_VIEWER, hasFlag: (flag: string) => flag !== "AI" };
    expect(refusedWith(QUERY, { threadId: UUID }, USER, viewer)).toEqual(["FORBIDDEN"]);
    expect(refusedWith(QUERY, { threadId: UUID }, USER, { ...viewer, hasFlag: (flag) => flag === "AI" })).toEqual([]);
  });

  it.each(["x", null, {}])("[OP-8] ends with BAD_USER_INPUT when the thread is %j", (threadId) => {
    expect(refusedWith(QUERY, { threadId })).toEqual(["BAD_USER_INPUT"]);
  });
});
