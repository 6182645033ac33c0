import { SEQUENCE_PLACEHOLDER } from "./sequence.ts";

const PERSON_ID = "20202020-1c0e-494c-a1b6-85b1c6fefaa5";

/** A person's record as Twenty's server sends it, with the sequence number in a custom field. */
const person = {
  id: PERSON_ID,
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
  benchmarkSequence: SEQUENCE_PLACEHOLDER,
};

/** The body of a publish with one event: a person whose city changed. */
export function personUpdatedBody(workspaceId: string): string {
  const before = { ...person, city: "Berlin" };
  const properties = {
    updatedFields: ["city", "benchmarkSequence"],
    before,
    after: person,
    diff: { city: { before: before.city, after: person.city } },
  };
  const message = {
    name: "person.updated",
    workspaceId,
    objectMetadata: { nameSingular: "person" },
    events: [{ recordId: PERSON_ID, properties }],
  };
  return JSON.stringify({ messages: [message] });
}
