import { describe, expect, it } from "vitest";
import { readChannelName } from "../../../src/core/pubsub/channel-name.ts";
import { OTHER_WORKSPACE, UUID, WORKSPACE } from "../../support/publish-fixtures.ts";

const read = (channel: string) => readChannelName(channel, "channel", WORKSPACE).channel;

describe("readChannelName", () => {
  it.each([
    ["LOGIC_FUNCTION_LOGS_CHANNEL", "LOGIC_FUNCTION_LOGS_CHANNEL"],
    [`LOGIC_FUNCTION_LOGS_CHANNEL:${WORKSPACE}`, "LOGIC_FUNCTION_LOGS_CHANNEL"],
    [`LOGIC_FUNCTION_LOGS_CHANNEL:${WORKSPACE.toUpperCase()}`, "LOGIC_FUNCTION_LOGS_CHANNEL"],
    [`AGENT_CHAT_CHANNEL:${UUID}`, `AGENT_CHAT_CHANNEL:${UUID}`],
    [`AGENT_CHAT_CHANNEL:${UUID.toUpperCase()}`, `AGENT_CHAT_CHANNEL:${UUID}`],
    [`AGENT_CHAT_CHANNEL:${WORKSPACE}:${UUID}`, `AGENT_CHAT_CHANNEL:${UUID}`],
    [`EVENT_STREAM_CHANNEL:${WORKSPACE}:${UUID}`, `EVENT_STREAM_CHANNEL:${UUID}`],
    // Not a workspace but an argument: nothing else can stand there.
    [`AGENT_CHAT_CHANNEL:${OTHER_WORKSPACE}`, `AGENT_CHAT_CHANNEL:${OTHER_WORKSPACE}`],
    [`NEW_CHANNEL:${WORKSPACE}:a:b`, "NEW_CHANNEL:a:b"],
    ["NEW_CHANNEL:a", "NEW_CHANNEL:a"],
    ["notes", "notes"],
    [`notes:${WORKSPACE}:a`, "notes:a"],
    [`notes:${OTHER_WORKSPACE.toUpperCase()}`, `notes:${OTHER_WORKSPACE.toUpperCase()}`],
    ["constructor:a", "constructor:a"],
  ])("reads %s as %s", (written, channel) => expect(read(written)).toBe(channel));

  it.each([
    ["another workspace", `LOGIC_FUNCTION_LOGS_CHANNEL:${OTHER_WORKSPACE}`],
    ["another workspace before an argument", `AGENT_CHAT_CHANNEL:${OTHER_WORKSPACE}:${UUID}`],
    ["another workspace on a channel that is not known", `NEW_CHANNEL:${OTHER_WORKSPACE}`],
    ["an argument where there is none", "DATABASE_EVENT_CHANNEL:a"],
    ["no argument where there is one", "AGENT_CHAT_CHANNEL"],
    ["an empty argument", "EVENT_STREAM_CHANNEL:"],
    ["the workspace alone where an argument must follow", `AGENT_CHAT_CHANNEL:${WORKSPACE}`],
    ["no name", `:${WORKSPACE}`],
    ["two arguments", "AGENT_CHAT_CHANNEL:a:b"],
  ])("refuses %s", (_, channel) => expect(() => read(channel)).toThrow(/^channel: expected /));

  it("says which of Twenty's channels it is", () => {
    expect(readChannelName(`EVENT_STREAM_CHANNEL:${UUID}`, "channel", WORKSPACE).twenty).toBe("EVENT_STREAM_CHANNEL");
    expect(readChannelName("notes", "channel", WORKSPACE).twenty).toBeUndefined();
  });
});
