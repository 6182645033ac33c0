import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { sequenceMark } from "./sequence.ts";

/**
 * The streams of a workspace in which many people look at persons: each tab has a record page, a list of the people of
 * two companies, one filtered by title, one by score, and a view. Ten tabs look at each group of persons, through one
 * query each, two of every kind; their other queries look at persons of whom no event tells.
 */
export const STREAMS_PER_GROUP = 10;
export const QUERIES_PER_STREAM = 5;

/** Groups behind this one are of persons that never change. */
const QUIET = 10_000;

/** What Twenty's front-end sends. */
export const STREAM_DOCUMENT = `subscription OnEventSubscription($eventStreamId: String!) {
  onEventSubscription(eventStreamId: $eventStreamId) {
    eventStreamId
    objectRecordEventsWithQueryIds {
      objectRecordEvent {
        action
        objectNameSingular
        recordId
        userId
        workspaceMemberId
        properties {
          updatedFields
          before
          after
          diff
        }
      }
      queryIds
    }
    metadataEvents {
      type
      metadataName
      recordId
      updatedCollectionHash
      properties {
        updatedFields
        before
        after
        diff
      }
    }
  }
}`;

const ADD_QUERY_DOCUMENT = `mutation AddQueryToEventStream($input: AddQuerySubscriptionInput!) {
  addQueryToEventStream(input: $input)
}`;

export function streamId(stream: number): string {
  return uuid("57ea0000", stream);
}

/** How many groups of persons so many streams look at. */
export function groupsOf(streams: number): number {
  return Math.ceil(streams / STREAMS_PER_GROUP);
}

export function groupOfStream(stream: number, streams: number): number {
  return stream % groupsOf(streams);
}

/** The payloads of the mutations that give a stream its queries. */
export function queryPayloads(stream: number, streams: number): readonly object[] {
  const group = groupOfStream(stream, streams);
  const seat = Math.floor(stream / groupsOf(streams));
  return KINDS.map(({ name, filterFor }, kind) => {
    const isMatched = kind === seat % QUERIES_PER_STREAM;
    const filter = filterFor(isMatched ? group : QUIET + stream);
    const operationSignature = {
      objectNameSingular: "person",
      variables: { filter, orderBy: [{ position: "AscNullsFirst" }] },
    };
    const input = {
      eventStreamId: streamId(stream),
      queryId: `${name}-${uuid("9e000000", stream)}`,
      operationSignature,
    };
    return { query: ADD_QUERY_DOCUMENT, variables: { input } };
  });
}

/** Filters as Twenty's front-end makes them. */
const KINDS: readonly { readonly name: string; readonly filterFor: (group: number) => object }[] = [
  { name: "record-show", filterFor: (group) => ({ id: { eq: personId(group) } }) },
  {
    name: "record-table-companies",
    filterFor: (group) => ({ companyId: { in: [companyId(group), companyId(group + QUIET * 2)] } }),
  },
  { name: "record-table-title", filterFor: (group) => ({ jobTitle: { ilike: `%${unitOf(group)}%` } }) },
  {
    name: "record-table-score",
    filterFor: (group) => ({ and: [{ score: { gte: group * 10 } }, { score: { lte: group * 10 + 9 } }] }),
  },
  {
    name: "record-table-view",
    filterFor: (group) => ({
      and: [
        { city: { eq: cityOf(group) } },
        { or: [{ name: { firstName: { ilike: "%okaf%" } } }, { name: { lastName: { ilike: "%okaf%" } } }] },
      ],
    }),
  },
];

/**
 * The body of a publish: one batch, in which a person changes for each event.
 * @param first number of its first event
 * @param groups whose persons change
 */
export function personsBody(first: number, groups: readonly number[]): string {
  const message = {
    name: "person.updated",
    workspaceId: DEV_WORKSPACE_ID,
    objectMetadata: { nameSingular: "person" },
    events: groups.map((group, i) => personUpdated(first + i, group)),
  };
  return JSON.stringify({ messages: [message] });
}

function personUpdated(sequence: number, group: number) {
  const after = {
    id: personId(group),
    createdAt: "2026-01-12T09:30:00.000Z",
    updatedAt: "2026-11-20T14:05:11.482Z",
    deletedAt: null,
    name: { firstName: "Katherine", lastName: "Okafor" },
    emails: { primaryEmail: "katherine.okafor@example.com", additionalEmails: [] },
    phones: { primaryPhoneNumber: "5550100", primaryPhoneCallingCode: "+1", additionalPhones: [] },
    jobTitle: `Head of Procurement, ${unitOf(group)}`,
    city: cityOf(group),
    avatarUrl: "",
    companyId: companyId(group),
    position: 14,
    score: group * 10 + 5,
    createdBy: { source: "MANUAL", workspaceMemberId: null, name: "" },
    benchmarkSequence: sequenceMark(sequence),
  };
  const before = { ...after, avatarUrl: "portrait.png", benchmarkSequence: "" };
  const diff = { avatarUrl: { before: before.avatarUrl, after: after.avatarUrl } };
  return { recordId: after.id, properties: { updatedFields: ["avatarUrl", "benchmarkSequence"], before, after, diff } };
}

function personId(group: number): string {
  return uuid("20202020", group);
}

function companyId(group: number): string {
  return uuid("c0000000", group);
}

function unitOf(group: number): string {
  return `Unit ${String(group).padStart(6, "0")}`;
}

function cityOf(group: number): string {
  return `City ${String(group).padStart(6, "0")}`;
}

function uuid(prefix: string, index: number): string {
  return `${prefix}-be7c-4000-8000-${String(index).padStart(12, "0")}`;
}
