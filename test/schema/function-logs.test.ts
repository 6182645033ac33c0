import { describe, expect, it } from "vitest";
import { BLIND_VIEWER } from "../../src/core/permissions/viewer.ts";
import { received, refusedWith, USER } from "../support/field-receiver.ts";
import { OTHER_WORKSPACE, USER_WORKSPACE, UUID, WORKSPACE } from "../support/publish-fixtures.ts";

const FIELDS = [
  ["serverlessFunctionLogs", "ServerlessFunctionLogsInput", "SERVERLESS_FUNCTION_LOGS_CHANNEL"],
  ["logicFunctionLogs", "LogicFunctionLogsInput", "LOGIC_FUNCTION_LOGS_CHANNEL"],
] as const;

const LOGS = {
  logs: "hello",
  id: UUID,
  name: "greet",
  universalIdentifier: USER_WORKSPACE,
  applicationId: WORKSPACE,
  applicationUniversalIdentifier: WORKSPACE,
};

describe.each(FIELDS)("%s", (field, type, channel) => {
  const query = `subscription ($input: ${type}!) { ${field}(input: $input) { logs name universalIdentifier } }`;
  const publishedAs = (payload: unknown, overrides: object = {}) => ({
    ...{ channel, workspaceId: WORKSPACE, payload },
    ...overrides,
  });
  const greeted = { data: { [field]: { logs: "hello", name: "greet", universalIdentifier: USER_WORKSPACE } } };

  it.each<[string, object]>([
    ["nothing", {}],
    ["null", { name: null, id: null }],
    ["a name", { name: "greet" }],
    ["an id, in any case of letters", { id: UUID.toUpperCase() }],
    ["everything", { ...LOGS, logs: undefined }],
  ])("[LOGS-1] hears of a function with an input that sets %s", (_, input) => {
    expect(received(query, { input }, [publishedAs({ [field]: LOGS })])).toEqual([{ result: greeted }]);
  });

  it.each(["id", "universalIdentifier", "applicationId", "applicationUniversalIdentifier"])(
    "[LOGS-1] does not hear of a function of another %s, nor of one without",
    (key) => {
      const published = [publishedAs({ [field]: LOGS }), publishedAs({ [field]: { ...LOGS, [key]: undefined } })];
      expect(received(query, { input: { [key]: OTHER_WORKSPACE } }, published)).toEqual([]);
      expect(received(query, { input: { [key]: LOGS[key as "id"] } }, published)).toHaveLength(1);
    },
  );

  it("[LOGS-1] does not hear of a function of another name, nor of what another channel carries", () => {
    expect(received(query, { input: { name: "Greet" } }, [publishedAs({ [field]: LOGS })])).toEqual([]);
    expect(received(query, { input: {} }, [publishedAs({ [field]: LOGS }, { channel: "logs" })])).toEqual([]);
  });

  it("[LOGS-1] shows logs whose function has no name", () => {
    const anonymous = { data: { [field]: { logs: "hello", name: null, universalIdentifier: null } } };
    const published = publishedAs({ [field]: { logs: "hello", name: 1, universalIdentifier: {} } });
    expect(received(query, { input: {} }, [published])).toEqual([{ result: anonymous }]);
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["a list", [{ [field]: LOGS }]],
    ["not wrapped", LOGS],
    ["wrapped by another name", { logs: LOGS }],
    ["a text", { [field]: "hello" }],
    ["without logs", { [field]: { ...LOGS, logs: undefined } }],
    ["with logs that are no text", { [field]: { ...LOGS, logs: ["hello"] } }],
  ])("[FEED-1] does not hear of a payload that is %s", (_, payload) => {
    expect(received(query, { input: {} }, [publishedAs(payload), publishedAs({ [field]: LOGS })])).toHaveLength(1);
  });

  it("[FEED-2] is for the recipients alone where a message names them", () => {
    const published = publishedAs({ [field]: LOGS }, { recipientUserWorkspaceIds: [USER_WORKSPACE] });
    expect(received(query, { input: {} }, [published])).toEqual([{ result: greeted, recipients: [USER_WORKSPACE] }]);
  });

  it("[FLAG-1] needs WORKFLOWS", () => {
    const viewer = { ...BLIND_VIEWER, hasFlag: (flag: string) => flag !== "WORKFLOWS" };
    expect(refusedWith(query, { input: {} }, USER, viewer)).toEqual(["FORBIDDEN"]);
    expect(refusedWith(query, { input: {} }, USER, { ...viewer, hasFlag: (flag) => flag === "WORKFLOWS" })).toEqual([]);
  });

  it.each(["x", 1, ""])("[OP-8] ends with BAD_USER_INPUT when an id is %j, no UUID", (id) => {
    expect(refusedWith(query, { input: { id } })).toEqual(["BAD_USER_INPUT"]);
  });
});
