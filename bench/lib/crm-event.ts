import { sequenceMark, watchedRecordId } from "./sequence.ts";

const PERSON_ID = "20202020-1c0e-494c-a1b6-85b1c6fefaa5";

/** A person's record as Twenty's server sends it, with the sequence number in a custom field. */
function person(id: string, mark: string) {
  return {
    id,
    createdAt: "2026-01-12T09:30:00.000Z",
    updatedAt: "2026-11-20T14:05:11.482Z",
    deletedAt: null,
    name: { firstName: "Katherine", lastName: "Okafor" },
    emails: { primaryEmail: "katherine.okafor@example.com", additionalEmails: [] },
    phones: { primaryPhoneNumber: "5550100", primaryPhoneCallingCode: "+1", additionalPhones: [] },
    jobTitle: "Head of Procurement",
    city: "Lisbon",
    avatarUrl: "",
    companyId: "20202020-a305-41e7-8c72-ba44072a4c58",
    position: 14,
    createdBy: { source: "MANUAL", workspaceMemberId: null, name: "" },
    benchmarkSequence: mark,
  };
}

export interface BatchOptions {
  readonly workspaceId: string;
  readonly events: number;
  /** Every event is of the record of a watcher of its own, in turn; otherwise all are of the same one. */
  readonly ofWatched: boolean;
}

/** The same of an object that nobody looks at. */
export function unheardBody(options: BatchOptions): string {
  return personsUpdatedBody(options)
    .replace("person.updated", "parson.updated")
    .replace('"nameSingular":"person"', '"nameSingular":"parson"');
}

/** The body of a publish with one batch of events, each a person whose city changed: a template for `fillIn`. */
export function personsUpdatedBody({ workspaceId, events, ofWatched }: BatchOptions): string {
  const changes = Array.from({ length: events }, (_, offset) => personChanged(offset, ofWatched));
  return JSON.stringify({ messages: [personsUpdated(workspaceId, changes)] });
}

/** The same events in messages of their own. */
export function personUpdatedBodies({ workspaceId, events, ofWatched }: BatchOptions): string {
  const changes = Array.from({ length: events }, (_, offset) => personChanged(offset, ofWatched));
  return JSON.stringify({ messages: changes.map((change) => personsUpdated(workspaceId, [change])) });
}

function personsUpdated(workspaceId: string, events: readonly object[]) {
  return { name: "person.updated", workspaceId, objectMetadata: { nameSingular: "person" }, events };
}

function personChanged(offset: number, ofWatched: boolean) {
  const after = person(ofWatched ? watchedRecordId(offset) : PERSON_ID, sequenceMark(offset));
  const before = { ...after, city: "Berlin" };
  const diff = { city: { before: before.city, after: after.city } };
  return { recordId: after.id, properties: { updatedFields: ["city", "benchmarkSequence"], before, after, diff } };
}

function document(actionAs: string): string {
  return `subscription Persons($input: OnDbEventInput!) {
  onDbEvent(input: $input) {
    ${actionAs}
    objectNameSingular
    eventDate
    record
    updatedFields
  }
}`;
}

/** The payload of a `subscribe` for every update of a person. */
export const EVERY_PERSON = {
  query: document("action"),
  variables: { input: { objectNameSingular: "person", action: "UPDATED" } },
};

/** The same by another document for every number, whose results have the same size and another name in them. */
export function everyPersonIn(number: number) {
  return { ...EVERY_PERSON, query: document(`a${String(number).padStart(5, "0")}: action`) };
}

/** The same for the record that the subscriber watches: a template for `fillIn`. */
export const WATCHED_PERSON = {
  query: EVERY_PERSON.query,
  variables: { input: { objectNameSingular: "person", action: "UPDATED", recordId: watchedRecordId(0) } },
};
