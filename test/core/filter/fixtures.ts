import fc from "fast-check";
import { compileFilter } from "../../../src/core/filter/compile-filter.ts";
import { fieldTypesOf } from "../../../src/core/filter/field-types.ts";
import type { ParsedFilter } from "../../../src/core/filter/filter.ts";
import { parseFilter } from "../../../src/core/filter/parse-filter.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import type { FieldMetadata } from "../../../src/core/pubsub/message.ts";
import type { ReferenceOptions } from "./reference-matcher.ts";

export const parse = (filter: unknown): ParsedFilter => parseFilter(filter, DEFAULT_LIMITS);

/** What the gateway says of a record. */
export function match(filter: unknown, record: Record<string, unknown>, options: ReferenceOptions = {}) {
  return matchParsed(parse(filter), record, options);
}

export function matchParsed(filter: ParsedFilter, record: Record<string, unknown>, options: ReferenceOptions = {}) {
  const { fields, includesDeleted = false } = options;
  const fieldTypes = fieldTypesOf(fields && { nameSingular: "person", fields });
  return compileFilter(filter)(record, { fieldTypes, includesDeleted });
}

const STAGES = ["NEW", "OPEN", "WON"].map((value, position) => ({ value, position }));

/** An object with a field of every type. */
export const FIELDS: readonly FieldMetadata[] = [
  { name: "id", type: "UUID" },
  { name: "city", type: "TEXT" },
  { name: "age", type: "NUMBER" },
  { name: "score", type: "NUMERIC" },
  { name: "isActive", type: "BOOLEAN" },
  { name: "birthday", type: "DATE" },
  { name: "createdAt", type: "DATE_TIME" },
  { name: "deletedAt", type: "DATE_TIME" },
  { name: "stage", type: "SELECT", options: STAGES.toReversed() },
  { name: "rating", type: "RATING", options: STAGES },
  { name: "tags", type: "MULTI_SELECT", options: STAGES },
  { name: "aliases", type: "ARRAY" },
  { name: "data", type: "RAW_JSON" },
  { name: "files", type: "FILES" },
  { name: "note", type: "RICH_TEXT" },
  { name: "searchVector", type: "TS_VECTOR" },
  { name: "company", type: "RELATION", joinColumnName: "companyId" },
  { name: "target", type: "MORPH_RELATION" },
  { name: "name", type: "FULL_NAME" },
  { name: "address", type: "ADDRESS" },
  { name: "website", type: "LINKS" },
  { name: "link", type: "LINK" },
  { name: "createdBy", type: "ACTOR" },
  { name: "emails", type: "EMAILS" },
  { name: "phones", type: "PHONES" },
  { name: "revenue", type: "CURRENCY" },
  { name: "position", type: "POSITION" },
];

const NAMES = [...FIELDS.map(({ name }) => name), "companyId", "targetId", "nowhere", "__proto__", "constructor"];
const PARTS = [
  "firstName",
  "addressCity",
  "addressLat",
  "secondaryLinks",
  "source",
  "workspaceMemberId",
  "primaryEmail",
];
const MORE_PARTS = ["amountMicros", "currencyCode", "markdown", "blocknote", "url", "nothing", "constructor"];

/** Few values, so that they meet. */
const text = fc.constantFrom("", "a", "A", "ab", "é", "É", "NEW", "WON", "5", "{}", "a b");
const date = fc.constantFrom(
  "2026-01-01",
  "2026-01-01T00:00:00Z",
  "2026-01-01T01:00:00+01:00",
  "2026-01-02T00:00:00.5",
);
const number = fc.constantFrom(0, 1, 5, -1, 0.5);
const scalar = fc.oneof(text, text, date, number, fc.boolean(), fc.constant(null));
const pattern = fc.string({ unit: fc.constantFrom(..."aAbÉ%%_\\:{ "), maxLength: 5 });
const is = fc.constantFrom("NULL", "NOT_NULL");

const operators = fc.oneof(
  ...["eq", "neq", "gt", "gte", "lt", "lte"].map((operator) => fc.record({ [operator]: scalar })),
  ...["in", "containsAny"].map((operator) => fc.record({ [operator]: fc.array(scalar, { maxLength: 3 }) })),
  ...["like", "ilike", "startsWith", "containsIlike", "search"].map((operator) => fc.record({ [operator]: pattern })),
  fc.record({ is }),
  fc.record({ isEmptyArray: fc.boolean() }),
  fc.record(
    {
      ...{ eq: scalar, neq: scalar, in: fc.array(scalar, { maxLength: 2 }), gt: scalar, lte: scalar },
      ...{ like: pattern, ilike: pattern, is, containsAny: fc.array(scalar), isEmptyArray: fc.boolean() },
    },
    { requiredKeys: [] },
  ),
);
const parts = fc.dictionary(
  fc.constantFrom(...PARTS, ...MORE_PARTS),
  fc.oneof(operators, operators, fc.constant(null)),
  {
    maxKeys: 3,
  },
);
const condition = fc
  .tuple(fc.constantFrom(...NAMES), fc.oneof({ weight: 3, arbitrary: operators }, { weight: 2, arbitrary: parts }))
  .map(([name, asked]) => Object.fromEntries([[name, asked]]));

/** A filter that is not wrong in itself, whatever it asks of a field. */
export const anyFilter: fc.Arbitrary<Record<string, unknown>> = fc.letrec<{ filter: Record<string, unknown> }>(
  (tie) => ({
    filter: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 6, arbitrary: condition },
      { weight: 1, arbitrary: fc.constant({}) },
      { weight: 2, arbitrary: fc.record({ and: fc.array(tie("filter"), { maxLength: 3 }) }) },
      { weight: 2, arbitrary: fc.record({ or: fc.array(tie("filter"), { maxLength: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ or: tie("filter") }) },
      { weight: 2, arbitrary: fc.record({ not: tie("filter") }) },
      { weight: 2, arbitrary: fc.tuple(tie("filter"), tie("filter")).map(([one, other]) => ({ ...one, ...other })) },
    ),
  }),
).filter;

const value = fc.oneof(
  scalar,
  date,
  fc.array(fc.oneof(text, text, number), { maxLength: 3 }),
  fc.dictionary(
    fc.constantFrom("id", "a", "markdown", ...PARTS, "amountMicros", "currencyCode"),
    fc.oneof(scalar, fc.array(text)),
    {
      maxKeys: 4,
    },
  ),
);
const deletedAt = fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: date });

/** A record whose values fit their fields, or do not. */
export const anyRecord = fc
  .tuple(fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 12 }), fc.option(deletedAt, { nil: undefined }))
  .map(([record, at]) => (at === undefined ? record : { ...record, deletedAt: at }));

/** A record of fitting values, which most operators have something to say about. */
export const fittingRecord = fc.record(
  {
    ...{ id: text, city: text, age: number, score: fc.oneof(number, fc.constant("5")), isActive: fc.boolean() },
    ...{ birthday: date, createdAt: date, deletedAt, stage: text, rating: text, searchVector: text },
    ...{ tags: fc.array(text, { maxLength: 3 }), aliases: fc.array(text, { maxLength: 3 }) },
    ...{ data: fc.object({ maxDepth: 2, maxKeys: 2, key: text, values: [text, fc.boolean()] }), files: fc.array(text) },
    ...{ note: fc.oneof(text, fc.record({ markdown: fc.option(text) })), companyId: text, targetId: text },
    ...{ company: fc.record({ id: text }), target: fc.record({ id: fc.option(text) }) },
    ...{
      name: fc.record({ firstName: fc.option(text) }),
      address: fc.record({ addressCity: text, addressLat: number }),
    },
    ...{ website: fc.record({ secondaryLinks: fc.array(text) }), link: fc.record({ url: text }) },
    ...{
      createdBy: fc.record({ source: text, workspaceMemberId: fc.option(text) }),
      emails: fc.record({ primaryEmail: text }),
    },
    ...{
      phones: fc.constant({}),
      revenue: fc.option(fc.record({ amountMicros: fc.option(number), currencyCode: text })),
    },
  },
  { requiredKeys: [] },
);
