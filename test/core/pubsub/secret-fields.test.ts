import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMessage } from "../../../src/core/pubsub/parse-message.ts";
import {
  databaseEvent,
  messageRules,
  metadataCreated,
  personUpdated,
  UUID,
  WORKSPACE,
  webhookUpdated,
} from "../../support/publish-fixtures.ts";

const rules = messageRules();
const body = (input: unknown) => JSON.stringify(parseMessage(input, rules).message);
const webhook = { id: UUID, secret: "hush" };

describe("secret fields", () => {
  it("[PUB-11] are taken out of before, after, diff and updatedFields", () => {
    expect(JSON.parse(body(webhookUpdated())).events[0].properties).toEqual({
      updatedFields: ["targetUrl"],
      before: { id: UUID, targetUrl: "https://example.com" },
      after: { id: UUID, targetUrl: "https://example.com" },
      diff: { targetUrl: {} },
    });
  });

  it("leave an empty list of updated fields behind", () => {
    const events = [{ properties: { updatedFields: ["secret"], after: webhook } }];
    expect(body(personUpdated({ name: "webhook.updated", events }))).toContain('"updatedFields":[]');
  });

  it("are those of their object only", () => {
    const events = [{ properties: { after: webhook } }];
    expect(body(personUpdated({ events }))).toContain("hush");
  });

  it.each<[string, unknown]>([
    [
      "an old database event",
      databaseEvent({ objectNameSingular: "webhook", record: webhook, updatedFields: ["secret"] }),
    ],
    [
      "a metadata event",
      metadataCreated({
        name: "metadata.webhook.created",
        metadataName: "webhook",
        events: [{ recordId: UUID, properties: { after: webhook } }],
      }),
    ],
    [
      "an event stream",
      stream({ objectRecordEventsWithQueryIds: [{ queryIds: ["q"], objectRecordEvent: recordEvent() }] }),
    ],
    ["an event stream of January 2026", stream({ eventWithQueryIdsList: [{ queryIds: ["q"], event: recordEvent() }] })],
    ["metadata on an event stream", stream({ metadataEvents: [metadataEvent()] })],
    [
      "metadata with queries on an event stream",
      stream({ metadataEventsWithQueryIds: [{ queryIds: ["q"], metadataEvent: metadataEvent() }] }),
    ],
  ])("are taken out of %s", (_, input) => {
    expect(JSON.stringify(input)).toMatch(/secret.*hush|hush.*secret/);
    expect(body(input)).not.toMatch(/secret|hush/);
  });

  it("[PUB-11] never reach the log, wherever the record holds them", () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    const record = fc.dictionary(fc.constantFrom("id", "accessToken", "refreshToken", "handle"), value);
    const names = fc.array(fc.constantFrom("accessToken", "handle"));
    const properties = fc.record({ before: record, after: record, diff: record, updatedFields: names });
    fc.assert(
      fc.property(properties, (change) => {
        const input = {
          ...personUpdated({ name: "connectedAccount.updated" }),
          events: [{ recordId: UUID, properties: change }],
        };
        const kept = JSON.parse(body(input)).events[0].properties;
        for (const part of [kept.before, kept.after, kept.diff]) {
          expect(Object.keys(part)).not.toContain("accessToken");
          expect(Object.keys(part)).not.toContain("refreshToken");
        }
        expect(kept.updatedFields).not.toContain("accessToken");
      }),
    );
  });
});

describe("the payload of an event stream", () => {
  it("is kept as its server made it", () => {
    const payload = {
      objectRecordEventsWithQueryIds: [
        {
          queryIds: ["q"],
          objectRecordEvent: {
            action: "updated",
            objectNameSingular: "person",
            recordId: UUID,
            properties: { after: {} },
          },
        },
      ],
      metadataEvents: [],
      queueJobEvents: [{ jobId: "1" }],
      later: true,
    };
    expect(JSON.parse(body(stream(payload))).payload).toEqual(payload);
    expect(JSON.parse(body(stream({}))).payload).toEqual({});
  });

  it.each<[string, unknown]>([
    ["payload: ", null],
    ["payload: ", []],
    ["payload.objectRecordEventsWithQueryIds: ", { objectRecordEventsWithQueryIds: {} }],
    ["payload.objectRecordEventsWithQueryIds[0]: ", { objectRecordEventsWithQueryIds: [null] }],
    ["payload.objectRecordEventsWithQueryIds[0].objectRecordEvent: ", { objectRecordEventsWithQueryIds: [{}] }],
    [
      "payload.objectRecordEventsWithQueryIds[0].objectRecordEvent.objectNameSingular: ",
      { objectRecordEventsWithQueryIds: [{ objectRecordEvent: { properties: { after: {} } } }] },
    ],
    [
      "payload.eventWithQueryIdsList[0].event.properties: ",
      { eventWithQueryIdsList: [{ event: { objectNameSingular: "person" } }] },
    ],
    ["payload.metadataEvents[0].metadataName: ", { metadataEvents: [{ properties: {} }] }],
  ])("is refused with %s", (expected, payload) => {
    expect(() => body(stream(payload))).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
    expect(() => body(stream(payload))).toThrow(expected);
  });
});

function stream(payload: unknown) {
  return { channel: `EVENT_STREAM_CHANNEL:${UUID}`, workspaceId: WORKSPACE, payload };
}

function recordEvent() {
  return { action: "created", objectNameSingular: "webhook", recordId: UUID, properties: { after: webhook } };
}

function metadataEvent() {
  return { type: "created", metadataName: "webhook", recordId: UUID, properties: { after: webhook } };
}
