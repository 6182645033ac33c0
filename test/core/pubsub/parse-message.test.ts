import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import { parseMessage } from "../../../src/core/pubsub/parse-message.ts";
import {
  chatMessage,
  databaseEvent,
  messageRules,
  metadataCreated,
  personUpdated,
  queueJobUpdated,
  USER_WORKSPACE,
  UUID,
  WORKSPACE,
} from "../../support/publish-fixtures.ts";

const rules = messageRules();
const parse = (input: unknown) => parseMessage(input, rules);

describe("a record batch", () => {
  it("becomes a record message", () => {
    const [event] = personUpdated().events;
    expect(parse(personUpdated({ id: "a" }))).toEqual({
      id: "a",
      workspaceId: WORKSPACE,
      message: { kind: "record", objectNameSingular: "person", action: "updated", events: [event] },
      eventCount: 1,
      content: expect.any(String),
    });
  });

  it("takes the object up to the last dot of the name", () => {
    const { message } = parse(personUpdated({ name: "sales.deal.upserted" }));
    expect(message).toMatchObject({ objectNameSingular: "sales.deal", action: "upserted" });
  });

  it("may be of objects named like the other shapes", () => {
    expect(parse(personUpdated({ name: "metadata.created" })).message).toMatchObject({
      objectNameSingular: "metadata",
    });
    expect(parse(personUpdated({ name: "queueJob.updated" })).message).toMatchObject({
      objectNameSingular: "queueJob",
    });
  });

  it("keeps of the object metadata what filters need", () => {
    const field = { name: "company", type: "RELATION", options: null, joinColumnName: "companyId", label: "Company" };
    const options = [{ value: "A" }];
    const objectMetadata = {
      id: UUID,
      nameSingular: "person",
      fields: [field, { name: "stage", type: "SELECT", options }],
    };
    const { message } = parse(personUpdated({ objectMetadata }));
    expect(stored(message)).toHaveProperty("objectMetadata", {
      nameSingular: "person",
      fields: [
        { name: "company", type: "RELATION", joinColumnName: "companyId" },
        { name: "stage", type: "SELECT", options },
      ],
    });
  });

  it("drops what it does not know", () => {
    const events = [{ recordId: UUID, properties: { after: {}, extra: 1 }, extra: 1 }];
    const { message } = parse(personUpdated({ events, extra: 1 }));
    expect(JSON.stringify(message)).not.toContain("extra");
  });

  it.each([
    ["the event's own", { recordId: "a", properties: { after: { id: "b" }, before: { id: "c" } } }, "a"],
    ["that of after", { properties: { after: { id: "b" }, before: { id: "c" } } }, "b"],
    ["that of before", { recordId: null, properties: { after: null, before: { id: "c" } } }, "c"],
  ])("has as its record id %s", (_, event, recordId) => {
    expect(parse(personUpdated({ events: [event] })).message).toMatchObject({ events: [{ recordId }] });
  });

  it("treats null as left out", () => {
    const properties = { updatedFields: null, before: null, after: { id: UUID }, diff: null };
    const events = [{ recordId: UUID, userId: null, workspaceMemberId: null, properties }];
    const { message, id } = parse(personUpdated({ id: null, objectMetadata: null, events }));
    expect(id).toBeUndefined();
    expect(stored(message)).toHaveProperty("events", [{ recordId: UUID, properties: { after: { id: UUID } } }]);
  });
});

describe("the other shapes", () => {
  it("read a metadata batch", () => {
    const extras = {
      updatedCollectionHash: "abc",
      recipientUserWorkspaceIds: [USER_WORKSPACE.toUpperCase(), USER_WORKSPACE],
      requiredPermissionFlag: "WORKFLOWS",
    };
    expect(parse(metadataCreated(extras)).message).toEqual({
      kind: "metadata",
      metadataName: "objectMetadata",
      type: "created",
      events: metadataCreated().events,
      ...extras,
      recipientUserWorkspaceIds: [USER_WORKSPACE],
    });
  });

  it("keep an empty list of a metadata batch's recipients: nobody", () => {
    const { message } = parse(metadataCreated({ recipientUserWorkspaceIds: [] }));
    expect(message).toMatchObject({ recipientUserWorkspaceIds: [] });
  });

  it("read the event of a job", () => {
    const broadcastTo = { userWorkspaceId: USER_WORKSPACE.toUpperCase() };
    expect(parse(queueJobUpdated({ broadcastTo })).message).toEqual({
      kind: "queueJob",
      userWorkspaceId: USER_WORKSPACE,
      job: queueJobUpdated().job,
    });
    expect(stored(parse(queueJobUpdated()).message)).not.toHaveProperty("userWorkspaceId");
  });

  it("read a channel's payload, whatever it is", () => {
    for (const payload of [null, 0, "a", [1], { a: 1 }]) {
      const input = { channel: "LOGIC_FUNCTION_LOGS_CHANNEL", workspaceId: WORKSPACE, payload };
      expect(parse(input)).toMatchObject({
        message: { kind: "channel", channel: input.channel, payload },
        eventCount: 1,
      });
    }
  });

  it("read a chat event for its recipients", () => {
    const recipientUserWorkspaceIds = [USER_WORKSPACE.toUpperCase(), USER_WORKSPACE];
    expect(parse(chatMessage({ recipientUserWorkspaceIds })).message).toEqual({
      kind: "channel",
      channel: `AGENT_CHAT_CHANNEL:${UUID}`,
      payload: chatMessage().payload,
      recipientUserWorkspaceIds: [USER_WORKSPACE],
    });
  });

  it.each(["updated", "UPDATED"])("turn an old database event (%s) into a record message", (action) => {
    expect(parse(databaseEvent({ action })).message).toEqual({
      kind: "record",
      objectNameSingular: "person",
      action: "updated",
      events: [{ recordId: UUID, properties: { updatedFields: ["city"], after: { id: UUID, city: "Lyon" } } }],
    });
  });

  it("take the record of an old database event as the one before when it was destroyed", () => {
    const { message } = parse(databaseEvent({ action: "DESTROYED", updatedFields: undefined }));
    expect(stored(message)).toHaveProperty("events", [
      { recordId: UUID, properties: { before: { id: UUID, city: "Lyon" } } },
    ]);
  });
});

describe("what identifies a message", () => {
  it("is its content, whatever its id, the case of its workspace and the order of its keys", () => {
    const { content } = parse(personUpdated({ id: "a" }));
    const turned = Object.fromEntries(Object.entries(personUpdated({ id: "b" })).reverse());
    expect(parse(turned).content).toBe(content);
    expect(parse(personUpdated({ workspaceId: WORKSPACE.toUpperCase() })).content).toBe(content);
    expect(parse(personUpdated({ name: "person.upserted" })).content).not.toBe(content);
    expect(parse(personUpdated({ extra: 1 })).content).not.toBe(content);
  });
});

describe("limits", () => {
  const events = (count: number) =>
    Array.from({ length: count }, () => ({ recordId: UUID, properties: { after: {} } }));

  it.each([personUpdated, metadataCreated])("[LIMIT-24] take 1 to 1,000 events in a message", (batch) => {
    expect(parse(batch({ events: events(1) })).eventCount).toBe(1);
    expect(parse(batch({ events: events(1_000) })).eventCount).toBe(1_000);
    expect(refusal(batch({ events: events(1_001) }))).toMatchObject({ code: "TOO_LARGE" });
    expect(refusal(batch({ events: [] }))).toMatchObject({ code: "BAD_MESSAGE", message: /^events: / });
  });

  it.each([
    ["id", 128, (id: string) => personUpdated({ id })],
    [
      "events[0].recordId (or id of after or before)",
      128,
      (recordId: string) => personUpdated({ events: [{ recordId, properties: { after: {} } }] }),
    ],
    ["channel", 256, (channel: string) => ({ channel, workspaceId: WORKSPACE, payload: 1 })],
    ["name up to its last dot", 128, (name: string) => personUpdated({ name: `${name}.created` })],
    ["metadataName", 128, (name: string) => metadataCreated({ metadataName: name, name: `metadata.${name}.created` })],
    ["requiredPermissionFlag", 128, (flag: string) => metadataCreated({ requiredPermissionFlag: flag })],
    ["job.jobId", 128, (jobId: string) => queueJobUpdated({ job: { jobId, state: "active" } })],
  ])("[LIMIT-25] give %s 1 to %i characters", (path, length, make) => {
    expect(parse(make("x")).eventCount).toBe(1);
    expect(parse(make("x".repeat(length))).eventCount).toBe(1);
    for (const text of ["", "x".repeat(length + 1)]) {
      const { code, message } = refusal(make(text));
      expect(code).toBe("BAD_MESSAGE");
      expect(message.startsWith(`${path}: expected `)).toBe(true);
    }
  });

  it("give a message 1,000 recipients", () => {
    const recipients = (count: number) => Array.from({ length: count }, () => USER_WORKSPACE);
    expect(parse(chatMessage({ recipientUserWorkspaceIds: recipients(1_000) })).eventCount).toBe(1);
    expect(refusal(chatMessage({ recipientUserWorkspaceIds: recipients(1_001) }))).toMatchObject({
      code: "BAD_MESSAGE",
    });
  });
});

describe("refusals name the field and what was expected", () => {
  const event = (overrides: Record<string, unknown>) =>
    personUpdated({ events: [{ recordId: UUID, properties: { after: { id: UUID } }, ...overrides }] });
  const change = (overrides: Record<string, unknown>) => event({ properties: { after: { id: UUID }, ...overrides } });
  const fields = (...list: unknown[]) => personUpdated({ objectMetadata: { fields: list } });
  const job = (overrides: Record<string, unknown>) =>
    queueJobUpdated({ job: { jobId: "1", state: "active", ...overrides } });

  it.each<[string, unknown]>([
    ["message: expected an object.", undefined],
    ["message: expected an object.", null],
    ["message: expected an object.", "person.updated"],
    ["message: expected an object.", [personUpdated()]],
    ["workspaceId: expected a UUID.", personUpdated({ workspaceId: undefined })],
    ["workspaceId: expected a UUID.", personUpdated({ workspaceId: "acme" })],
    ["workspaceId: expected a UUID.", personUpdated({ workspaceId: [WORKSPACE] })],
    ["id: ", personUpdated({ id: 1 })],
    ["id: ", personUpdated({ id: "\ud800" })],
    ["name: ", { workspaceId: WORKSPACE }],
    ["name: ", personUpdated({ name: 1 })],
    ["name: expected none beside a channel.", chatMessage({ name: "person.updated" })],
    ["name up to its last dot: ", personUpdated({ name: "person" })],
    ["name up to its last dot: ", personUpdated({ name: ".updated" })],
    ["name up to its last dot: ", personUpdated({ name: "__proto__.updated" })],
    ["name up to its last dot: ", personUpdated({ name: "a b.updated" })],
    ["name after its last dot: expected one of created, ", personUpdated({ name: "person.exploded" })],
    ["name after its last dot: expected one of created, ", personUpdated({ name: "person.UPDATED" })],
    ["name after its last dot: expected one of created, ", personUpdated({ name: "person." })],
    ["objectMetadata: ", personUpdated({ objectMetadata: "person" })],
    ["objectMetadata.nameSingular: ", personUpdated({ objectMetadata: { nameSingular: "company" } })],
    ["objectMetadata.nameSingular: ", personUpdated({ objectMetadata: { nameSingular: ["person"] } })],
    ["objectMetadata.fields: ", personUpdated({ objectMetadata: { fields: { city: {} } } })],
    ["objectMetadata.fields[0]: ", fields(null)],
    ["objectMetadata.fields[1].name: ", fields({ name: "city", type: "TEXT" }, { type: "TEXT" })],
    ["objectMetadata.fields[0].type: ", fields({ name: "city", type: 1 })],
    ["objectMetadata.fields[0].options: ", fields({ name: "city", type: "TEXT", options: {} })],
    ["objectMetadata.fields[0].joinColumnName: ", fields({ name: "city", type: "TEXT", joinColumnName: 1 })],
    ["events: ", personUpdated({ events: undefined })],
    ["events: ", personUpdated({ events: { length: 1 } })],
    ["events[0]: expected an object.", personUpdated({ events: [null] })],
    ["events[0].properties: expected an object.", event({ properties: undefined })],
    ["events[0].properties: expected an object.", event({ properties: [] })],
    ["events[0].properties: expected an after or a before.", event({ properties: {} })],
    ["events[0].properties: expected an after or a before.", event({ properties: { diff: {} } })],
    ["events[0].properties.after: ", change({ after: [] })],
    ["events[0].properties.after: ", change({ after: "x" })],
    ["events[0].properties.before: ", change({ before: 1 })],
    ["events[0].properties.diff: ", change({ diff: true })],
    ["events[0].properties.updatedFields: ", change({ updatedFields: "city" })],
    ["events[0].properties.updatedFields[1]: ", change({ updatedFields: ["city", 1] })],
    ["events[0].recordId (or id of after or before): ", event({ recordId: 1 })],
    ["events[0].recordId (or id of after or before): ", event({ recordId: null, properties: { after: {} } })],
    [
      "events[0].recordId (or id of after or before): ",
      event({ recordId: undefined, properties: { after: { id: 1 } } }),
    ],
    ["events[0].userId: ", event({ userId: {} })],
    ["events[0].workspaceMemberId: ", event({ workspaceMemberId: 1 })],
    ["metadataName: ", metadataCreated({ metadataName: 1 })],
    ["metadataName: ", metadataCreated({ metadataName: undefined })],
    ["type: expected one of created, updated, deleted.", metadataCreated({ type: "CREATED" })],
    ["type: expected one of created, updated, deleted.", metadataCreated({ type: undefined })],
    ["name: expected metadata.<metadataName>.<type>.", metadataCreated({ type: "deleted" })],
    ["name: expected metadata.<metadataName>.<type>.", metadataCreated({ metadataName: "view" })],
    ["events[0].properties: ", metadataCreated({ events: [{ recordId: UUID }] })],
    ["events[0].recordId (or id of after or before): ", metadataCreated({ events: [{ properties: { after: {} } }] })],
    ["updatedCollectionHash: ", metadataCreated({ updatedCollectionHash: 1 })],
    ["recipientUserWorkspaceIds: ", metadataCreated({ recipientUserWorkspaceIds: USER_WORKSPACE })],
    ["recipientUserWorkspaceIds[0]: expected a UUID.", metadataCreated({ recipientUserWorkspaceIds: ["me"] })],
    ["requiredPermissionFlag: ", metadataCreated({ requiredPermissionFlag: ["WORKFLOWS"] })],
    ["broadcastTo: ", queueJobUpdated({ broadcastTo: USER_WORKSPACE })],
    ["broadcastTo.userWorkspaceId: ", queueJobUpdated({ broadcastTo: { userWorkspaceId: "me" } })],
    ["job: ", queueJobUpdated({ job: "1" })],
    ["job.jobId: ", job({ jobId: 1 })],
    ["job.state: ", job({ state: null })],
    ["job.attemptsMade: ", job({ attemptsMade: "1" })],
    ["job.attemptsMade: ", job({ attemptsMade: 0.5 })],
    ["job.attemptsMade: ", job({ attemptsMade: 2 ** 31 })],
    ["job.failedReason: ", job({ failedReason: {} })],
    ["job.enqueuedAt: ", job({ enqueuedAt: "2026-01-01" })],
    ["job.startedAt: ", job({ startedAt: JSON.parse("1e400") })],
    ["job.startedAt: ", job({ startedAt: [] })],
    ["job.finishedAt: ", job({ finishedAt: true })],
    ["channel: ", chatMessage({ channel: 1 })],
    ["payload: ", chatMessage({ payload: undefined })],
    ["recipientUserWorkspaceIds: ", chatMessage({ recipientUserWorkspaceIds: undefined })],
    ["recipientUserWorkspaceIds: ", chatMessage({ recipientUserWorkspaceIds: [] })],
    ["recipientUserWorkspaceIds[0]: ", chatMessage({ recipientUserWorkspaceIds: [null] })],
    ["payload: ", { ...databaseEvent(), payload: "x" }],
    ["payload.onDbEvent: ", { ...databaseEvent(), payload: {} }],
    ["payload.onDbEvent.action: ", databaseEvent({ action: "exploded" })],
    ["payload.onDbEvent.action: ", databaseEvent({ action: undefined })],
    ["payload.onDbEvent.objectNameSingular: ", databaseEvent({ objectNameSingular: undefined })],
    ["payload.onDbEvent.record: ", databaseEvent({ record: null })],
    ["payload.onDbEvent.recordId (or id of after or before): ", databaseEvent({ record: { city: "Lyon" } })],
    ["payload.onDbEvent.updatedFields: ", databaseEvent({ updatedFields: "city" })],
    ["recipientUserWorkspaceIds: ", { ...databaseEvent(), recipientUserWorkspaceIds: [USER_WORKSPACE] }],
  ])("%s", (expected, input) => {
    const { code, message } = refusal(input);
    expect(code).toBe("BAD_MESSAGE");
    expect(message.startsWith(expected), message).toBe(true);
  });
});

/** What the log will hold. */
function stored(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}

function refusal(input: unknown): { code: string; message: string } {
  try {
    parse(input);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
  throw new Error("The message was taken.");
}
