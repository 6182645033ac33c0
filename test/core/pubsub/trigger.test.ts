import { describe, expect, it } from "vitest";
import { formatTrigger, parseTrigger } from "../../../src/core/pubsub/trigger.ts";
import { OTHER_WORKSPACE, UUID, WORKSPACE } from "../../support/publish-fixtures.ts";

describe("parseTrigger", () => {
  it.each<[string, string | undefined, string, string]>([
    [`WORKSPACE_EVENTS_CHANNEL:${WORKSPACE}`, undefined, "WORKSPACE_EVENTS_CHANNEL", WORKSPACE],
    [`AGENT_CHAT_CHANNEL:${WORKSPACE}:${UUID}`, undefined, `AGENT_CHAT_CHANNEL:${UUID}`, WORKSPACE],
    [`AGENT_CHAT_CHANNEL:${WORKSPACE.toUpperCase()}:*`, undefined, "AGENT_CHAT_CHANNEL:*", WORKSPACE],
    [`*:${WORKSPACE}`, undefined, "*", WORKSPACE],
    [`notes:${WORKSPACE}:${OTHER_WORKSPACE}:x`, undefined, `notes:${OTHER_WORKSPACE}:x`, WORKSPACE],
    ["notes", WORKSPACE, "notes", WORKSPACE],
    ["a:b:c", WORKSPACE.toUpperCase(), "a:b:c", WORKSPACE],
    [`notes:${WORKSPACE}`, WORKSPACE, "notes", WORKSPACE],
    [`AGENT_CHAT_CHANNEL:${UUID}`, WORKSPACE, `AGENT_CHAT_CHANNEL:${UUID}`, WORKSPACE],
    [
      `AGENT_CHAT_CHANNEL:${OTHER_WORKSPACE}:${UUID}`,
      WORKSPACE,
      `AGENT_CHAT_CHANNEL:${OTHER_WORKSPACE}:${UUID}`,
      WORKSPACE,
    ],
  ])("%s with %s is %s of %s", (trigger, given, channel, workspaceId) => {
    expect(parseTrigger(trigger, given)).toEqual({ channel, workspaceId });
  });

  it.each(["notes", "", "a:b", `notes:x:${WORKSPACE}`])("%j alone is of no workspace", (trigger) => {
    expect(() => parseTrigger(trigger, undefined)).toThrow(TypeError);
  });

  it("takes no workspace that is no UUID", () => {
    expect(() => parseTrigger(`notes:${WORKSPACE}`, "")).toThrow("workspaceId must be a UUID.");
  });
});

it("formatTrigger puts the workspace into second place", () => {
  for (const trigger of [`a:${WORKSPACE}`, `a:${WORKSPACE}:b:c`]) {
    expect(formatTrigger(parseTrigger(trigger, undefined))).toBe(trigger);
  }
});
