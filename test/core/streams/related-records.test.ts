import { describe, expect, it } from "vitest";
import { OPEN_VIEWER, type Viewer } from "../../../src/core/permissions/viewer.ts";
import type { RecordEvent, RecordMessage } from "../../../src/core/pubsub/message.ts";
import { visibleRelations, withRelations } from "../../../src/core/streams/merge-related.ts";
import { readRelatedRecords } from "../../../src/core/streams/related-records.ts";

const event: RecordEvent = {
  recordId: "p1",
  properties: { before: { id: "p1", companyId: "c1" }, after: { id: "p1", companyId: "c2" } },
};
const message: RecordMessage = {
  kind: "record",
  objectNameSingular: "person",
  action: "updated",
  events: [event],
  related: {
    company: {
      objectNameSingular: "company",
      records: [
        { id: "c1", name: "old" },
        { id: "c2", name: "new" },
      ],
    },
    notes: {
      objectNameSingular: "note",
      records: [
        { id: "n1", personId: "p1" },
        { id: "n2", personId: "p2" },
      ],
    },
  },
};

const withRelated = (of: RecordMessage, seen: RecordEvent, viewer: Viewer) =>
  withRelations(seen, visibleRelations(of, viewer));

describe("withRelations", () => {
  it("[STREAM-16] joins records by the column of the field, or by a column of their own", () => {
    expect(withRelated(message, event, OPEN_VIEWER).properties).toEqual({
      before: { ...event.properties.before, company: { id: "c1", name: "old" }, notes: [{ id: "n1", personId: "p1" }] },
      after: { ...event.properties.after, company: { id: "c2", name: "new" }, notes: [{ id: "n1", personId: "p1" }] },
    });
  });

  it("[STREAM-16] takes the name of the column from the metadata of the object", () => {
    const fields = [{ name: "company", type: "RELATION", joinColumnName: "employerId" }];
    const employed = { ...event, properties: { after: { id: "p1", employerId: "c1" } } };
    const described = { ...message, objectMetadata: { nameSingular: "person", fields } };
    expect(withRelated(described, employed, OPEN_VIEWER).properties.after).toMatchObject({ company: { name: "old" } });
  });

  it("[STREAM-16] leaves out what the viewer may not see, fields and records", () => {
    const viewer: Viewer = {
      ...OPEN_VIEWER,
      hides: (_, field) => field === "notes",
      seeRecord: (_, record) => (record["id"] === "c1" ? undefined : { id: record["id"] }),
    };
    expect(withRelated(message, event, viewer).properties).toEqual({
      before: { ...event.properties.before, company: null },
      after: { ...event.properties.after, company: { id: "c2" } },
    });
  });

  it("[STREAM-16] looks at each related record once, however many events there are", () => {
    let looks = 0;
    const counted = (id: string, rest: object) => ({
      get id() {
        looks++;
        return id;
      },
      ...rest,
    });
    const ids = Array.from({ length: 50 }, (_, i) => `${i}`);
    const events = ids.map((id) => ({ recordId: id, properties: { after: { id, companyId: id } } }));
    const records = ids.map((id) => counted(id, {}));
    const many = { ...message, events, related: { company: { objectNameSingular: "company", records } } };
    const relations = visibleRelations(many, OPEN_VIEWER);
    for (const each of events) withRelations(each, relations);
    expect(looks).toBe(50);
  });

  it("[STREAM-16] finds nothing for a record without an id, or whose column is empty", () => {
    const nameless = [{ name: "of nobody" }, { id: null, personId: null }];
    const related = {
      company: { objectNameSingular: "company", records: nameless },
      notes: { objectNameSingular: "note", records: nameless },
    };
    const partial = { ...event, properties: { after: { companyId: null } } };
    expect(withRelated({ ...message, related }, partial, OPEN_VIEWER).properties.after).toEqual({
      ...{ companyId: null, company: null, notes: [] },
    });
  });

  it("leaves an event alone that nothing is related to", () => {
    const { related: _, ...plain } = message;
    expect(withRelated(plain, event, OPEN_VIEWER)).toBe(event);
  });
});

describe("readRelatedRecords", () => {
  const secretFields = new Map([["webhook", new Set(["secret"])]]);
  it("[STREAM-16] takes secret fields out", () => {
    const webhooks = { objectNameSingular: "webhook", records: [{ id: "1", secret: "x" }] };
    expect(readRelatedRecords({ webhooks }, secretFields)).toEqual({
      webhooks: { objectNameSingular: "webhook", records: [{ id: "1" }] },
    });
  });

  it.each([
    null,
    1,
    [],
    { a: null },
    { a: { objectNameSingular: "x" } },
    { a: { records: [] } },
    { a: { objectNameSingular: 1, records: [] } },
  ])("[STREAM-17] leaves out what is of another shape, such as %j", (value) => {
    expect(readRelatedRecords(value, secretFields)).toEqual({});
  });
});
