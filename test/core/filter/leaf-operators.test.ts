import { describe, expect, it } from "vitest";
import { FIELDS, match } from "./fixtures.ts";

/** A condition on a field, its value, and whether it matches; the value is left out of the record when undefined. */
type Row = readonly [asked: unknown, value: unknown, expected: boolean | "error"];

const ERROR = "error";

const TYPES: Readonly<Record<string, readonly Row[]>> = {
  // UUID
  id: [
    [{ eq: "a" }, "a", true],
    [{ eq: "a" }, "A", false],
    [{ eq: "a" }, 1, false],
    [{ neq: "a" }, "b", true],
    [{ neq: "a" }, "a", false],
    [{ in: ["a", "b"] }, "b", true],
    [{ in: [] }, "b", false],
    [{ is: "NOT_NULL" }, "a", true],
    [{ is: "NULL" }, "a", false],
    [{ like: "a" }, "a", ERROR],
    [{ neq: "a", eq: "b" }, "b", true],
  ],
  // TEXT
  city: [
    [{ eq: "Paris" }, "Paris", true],
    [{ eq: "Paris" }, "paris", false],
    [{ neq: "Paris" }, "Rome", true],
    [{ gt: "b" }, "c", true],
    [{ gt: "b" }, "b", false],
    [{ gte: "b" }, "b", true],
    [{ lt: "b" }, "B", true],
    [{ lt: "b" }, "b", false],
    [{ lte: "b" }, "b", true],
    [{ gt: "b" }, 5, ERROR],
    [{ gt: 5 }, "b", ERROR],
    [{ like: "P_r%" }, "Paris", true],
    [{ like: "p%" }, "Paris", false],
    [{ ilike: "p%" }, "Paris", true],
    [{ ilike: "%" }, 5, ERROR],
    [{ like: "a\\" }, "a\\", true],
    [{ in: ["Paris", null] }, "Paris", true],
    [{ in: ["Rome"] }, "Paris", false],
    [{ startsWith: "Par" }, "Paris", true],
    [{ startsWith: "par" }, "Paris", false],
    [{ startsWith: "Par" }, ["Paris"], ERROR],
    [{ is: "NOT_NULL" }, "", true],
    [{ containsAny: ["Paris"] }, "Paris", ERROR],
    [{ isEmptyArray: true }, "Paris", ERROR],
    [{ search: "Paris" }, "Paris", ERROR],
    [{ ilike: "x%", eq: "Paris" }, "Paris", true],
    [{ is: "NULL", in: ["Paris"] }, "Paris", true],
    [{ eq: null }, "Paris", false],
    [{ neq: null }, "Paris", true],
  ],
  // NUMBER
  age: [
    [{ eq: 5 }, 5, true],
    [{ eq: 5 }, "5", false],
    [{ neq: 5 }, 6, true],
    [{ gt: 5 }, 6, true],
    [{ gt: 5 }, 5, false],
    [{ gte: 5 }, 5, true],
    [{ lt: 5 }, 4.5, true],
    [{ lte: 5 }, 5, true],
    [{ lte: 5 }, "many", false],
    [{ gt: 5 }, null, false],
    [{ in: [4, 5] }, 5, true],
    [{ in: ["5"] }, 5, false],
    [{ is: "NOT_NULL" }, 0, true],
    [{ like: "5" }, 5, ERROR],
    [{ gt: 1, neq: 5 }, 5, false],
  ],
  // NUMERIC
  score: [
    [{ gt: 5 }, "10", true],
    [{ gt: 5 }, "", false],
    [{ eq: "10" }, "10", true],
  ],
  isActive: [
    [{ eq: true }, true, true],
    [{ eq: true }, false, false],
    [{ eq: true }, "true", false],
    [{ is: "NOT_NULL" }, false, true],
    [{ neq: true }, false, ERROR],
    [{ in: [true] }, true, ERROR],
  ],
  // DATE
  birthday: [
    [{ eq: "2026-01-01" }, "2026-01-01", true],
    [{ eq: "2026-01-01T00:00:00Z" }, "2026-01-01", true],
    [{ lt: "2026-01-01" }, "2025-12-31", true],
    [{ in: ["2026-01-01", "nope"] }, "2026-01-01", true],
    [{ in: ["nope"] }, "2026-01-01", false],
  ],
  // DATE_TIME
  createdAt: [
    [{ eq: "2026-01-01T01:00:00+01:00" }, "2026-01-01T00:00:00.000Z", true],
    [{ neq: "2026-01-01T00:00:00Z" }, "2026-01-01T00:00:00.001Z", true],
    [{ neq: "2026-01-01T01:00:00+01:00" }, "2026-01-01T00:00:00Z", false],
    [{ gt: "2026-01-01" }, "2026-01-01T00:00:01Z", true],
    [{ gt: "2026-01-01" }, "2026-01-01T00:00:00Z", false],
    [{ gte: "2026-01-01" }, "2026-01-01T00:00:00Z", true],
    [{ lt: "2026-01-01" }, "2026-01-01T00:30:00+01:00", true],
    [{ lte: "2026-01-01" }, "2026-01-01T00:00:00Z", true],
    [{ neq: "nope" }, "2026-01-01", false],
    [{ neq: "2026-01-01" }, "nope", false],
    [{ neq: "2026-01-01" }, 1_767_225_600_000, false],
    [{ is: "NULL", eq: "2026-01-01" }, "2026-01-01", false],
    [{ is: "NOT_NULL", eq: "2026-01-02" }, "2026-01-01", false],
    [{ is: "NOT_NULL" }, "2026-01-01", true],
    [{ like: "2026%" }, "2026-01-01", ERROR],
  ],
  stage: [
    [{ eq: "NEW" }, "NEW", true],
    [{ neq: "NEW" }, "WON", true],
    [{ in: ["NEW", "WON"] }, "WON", true],
    [{ is: "NOT_NULL" }, "WON", true],
    [{ gt: "NEW" }, "OPEN", true],
    [{ gt: "OPEN" }, "NEW", false],
    [{ gte: "WON" }, "WON", true],
    [{ lt: "OPEN" }, "NEW", true],
    [{ lte: "OPEN" }, "OPEN", true],
    [{ lte: "nothing" }, "OPEN", false],
    [{ gte: "OPEN" }, "nothing", false],
    [{ eq: "NEW", in: ["WON"] }, "NEW", false],
    [{ ilike: "new" }, "NEW", ERROR],
  ],
  rating: [
    [{ eq: "NEW" }, "NEW", true],
    [{ in: ["NEW"] }, "OPEN", false],
    [{ is: "NOT_NULL" }, "OPEN", true],
    [{ gt: "NEW" }, "OPEN", true],
    [{ lt: "WON" }, "nothing", false],
    [{ neq: "NEW" }, "OPEN", ERROR],
  ],
  tags: [
    [{ containsAny: ["NEW", "WON"] }, ["OPEN", "WON"], true],
    [{ containsAny: ["NEW"] }, ["OPEN"], false],
    [{ containsAny: ["NEW"] }, "NEW", false],
    [{ containsAny: [] }, [], false],
    [{ isEmptyArray: true }, [], true],
    [{ isEmptyArray: false }, [], true],
    [{ isEmptyArray: true }, ["NEW"], false],
    [{ is: "NOT_NULL" }, [], true],
    [{ eq: "NEW" }, ["NEW"], ERROR],
  ],
  aliases: [
    [{ containsIlike: "AD" }, ["Bob", "Ada"], true],
    [{ containsIlike: "a%" }, ["Ada"], false],
    [{ containsIlike: "x" }, ["Ada"], false],
    [{ containsIlike: "x" }, "x", false],
    [{ containsIlike: "x" }, [5, "x"], ERROR],
    [{ containsIlike: "x" }, ["x", 5], true],
    [{ isEmptyArray: true }, [], true],
    [{ isEmptyArray: true, is: "NOT_NULL" }, ["Ada"], true],
    [{ containsAny: ["Ada"] }, ["Ada"], ERROR],
  ],
  data: [
    [{ like: '{"a": 1, "bb": [true, null]}' }, { bb: [true, null], a: 1 }, true],
    [{ like: '%"A"%' }, { a: 1 }, false],
    [{ ilike: '%"A"%' }, { a: 1 }, true],
    [{ like: '"text"' }, "text", true],
    [{ like: "%\\" }, { a: 1 }, ERROR],
    [{ ilike: "%\\" }, { a: 1 }, ERROR],
    [{ like: "%\\\\%" }, "a\\b", true],
    [{ is: "NOT_NULL" }, {}, true],
    [{ eq: "text" }, "text", ERROR],
  ],
  files: [
    [{ ilike: "%CV.pdf%" }, [{ label: "cv.pdf" }], true],
    [{ like: "%CV.pdf%" }, [{ label: "cv.pdf" }], false],
    [{ is: "NULL" }, [], true],
    [{ is: "NULL" }, [{}], false],
    [{ is: "NOT_NULL" }, [{}], true],
    [{ is: "NOT_NULL" }, [], false],
    [{ containsAny: [] }, [], ERROR],
  ],
  note: [
    [{ markdown: { ilike: "%hello%" } }, { markdown: "Hello there" }, true],
    [{ markdown: { ilike: "hello" } }, { markdown: "Hello there" }, false],
    [{ markdown: { ilike: "hello%" } }, "Hello there", true],
    [{ markdown: { ilike: "%" } }, { markdown: null }, false],
    [{ markdown: { ilike: "%" } }, { blocknote: "[]" }, ERROR],
    [{ markdown: { like: "%" } }, { markdown: "Hello" }, ERROR],
    [{ blocknote: { ilike: "%" } }, { blocknote: "[]" }, ERROR],
    [{ is: "NOT_NULL" }, { markdown: "Hello" }, ERROR],
  ],
  searchVector: [
    [{ search: "LOVE ada" }, "'ada':1 'lovelace':2", true],
    [{ search: "ada  bob" }, "'ada':1 'lovelace':2", false],
    [{ search: " " }, "'ada':1", true],
    [{ search: "ada" }, ["ada"], ERROR],
    [{ is: "NOT_NULL" }, "'ada':1", ERROR],
  ],
  // RELATION
  company: [
    [{ eq: "a" }, { id: "a" }, true],
    [{ in: ["a"] }, { id: "b" }, false],
    [{ is: "NOT_NULL" }, { id: "b" }, true],
    [{ is: "NULL" }, {}, true],
    [{ neq: "a" }, { id: null }, false],
    [{ eq: "a" }, "a", false],
    [{ like: "a" }, {}, ERROR],
  ],
  companyId: [
    [{ eq: "a" }, "a", true],
    [{ in: ["a"] }, "b", false],
    [{ like: "a" }, "a", ERROR],
  ],
  // MORPH_RELATION
  target: [[{ eq: "a" }, { id: "a" }, true]],
  targetId: [[{ neq: "a" }, "b", true]],
  name: [
    [{ firstName: { eq: "Ada" }, lastName: { ilike: "L%" } }, { firstName: "Ada", lastName: "Lovelace" }, true],
    [{ firstName: { eq: "Ada" }, lastName: { eq: "L" } }, { firstName: "Ada", lastName: "Lovelace" }, false],
    [{ firstName: { is: "NULL" } }, { firstName: null }, true],
    [{ firstName: { neq: "Ada" } }, { firstName: null }, false],
    [{ firstName: {}, lastName: null }, { firstName: "Ada" }, true],
    [{ middleName: { eq: "Ada" } }, { middleName: "Ada" }, false],
    [{ middleName: {} }, {}, true],
    [{ firstName: { containsAny: ["Ada"] } }, { firstName: "Ada" }, ERROR],
    [{ is: "NOT_NULL" }, { firstName: "Ada" }, false],
  ],
  address: [
    ...["Street1", "Street2", "City", "State", "Country", "Postcode"].map(
      (part): Row => [{ [`address${part}`]: { ilike: "a%" } }, { [`address${part}`]: "Abc" }, true],
    ),
    [{ addressCity: { eq: "Paris" }, addressState: { eq: "x" } }, { addressCity: "Paris", addressState: "y" }, false],
    [{ addressLat: { gt: 48 }, addressLng: { lt: 3 } }, { addressLat: 48.8, addressLng: "2.3" }, true],
    [{ addressLat: { like: "4%" } }, { addressLat: 48 }, ERROR],
  ],
  website: [
    [{ primaryLinkUrl: { like: "https://%" }, primaryLinkLabel: { eq: "a" } }, { primaryLinkUrl: "https://b" }, false],
    [{ primaryLinkUrl: { like: "https://%" } }, { primaryLinkUrl: "https://b" }, true],
    [{ secondaryLinks: { like: '%"url": "b"%' } }, { secondaryLinks: [{ url: "b" }] }, true],
  ],
  link: [[{ url: { startsWith: "h" }, label: { eq: "a" } }, { url: "https://b", label: "a" }, true]],
  createdBy: [
    [{ source: { in: ["API"] }, name: { eq: "a" } }, { source: "API", name: "a" }, true],
    [{ source: { like: "API" } }, { source: "API" }, ERROR],
    [{ workspaceMemberId: { eq: "a" } }, { workspaceMemberId: "a" }, true],
    [{ context: { ilike: "%PROVIDER%" } }, { context: { provider: "x" } }, true],
  ],
  emails: [
    [{ primaryEmail: { ilike: "%@A.com" } }, { primaryEmail: "b@a.com" }, true],
    [{ additionalEmails: { like: "%c@a%" } }, { additionalEmails: ["c@a.com"] }, true],
  ],
  phones: [
    [{ primaryPhoneNumber: { eq: "1" }, primaryPhoneCallingCode: { eq: "+33" } }, { primaryPhoneNumber: "1" }, false],
    [{ primaryPhoneCountryCode: { eq: "FR" } }, { primaryPhoneCountryCode: "FR" }, true],
    [{ additionalPhones: { is: "NULL" } }, {}, true],
  ],
  revenue: [
    [{ amountMicros: { gte: 5 } }, { amountMicros: 5 }, true],
    [{ amountMicros: { gte: 5 } }, { amountMicros: "5" }, true],
    [{ amountMicros: { in: [5] } }, { amountMicros: 5 }, ERROR],
    [{ amountMicros: { is: "NOT_NULL" } }, { amountMicros: 5 }, true],
    [{ currencyCode: { in: ["EUR"] } }, { currencyCode: "EUR" }, true],
    [{ currencyCode: { eq: "EUR" } }, { currencyCode: "EUR" }, ERROR],
    [{ amountMicros: { eq: 5 }, currencyCode: { in: ["USD"] } }, { amountMicros: 5, currencyCode: "EUR" }, false],
  ],
  // A type that no condition fits.
  position: [
    [{ eq: 1 }, 1, ERROR],
    [{ is: "NULL" }, 1, ERROR],
  ],
};

describe.each(Object.entries(TYPES))("a condition on %s", (field, rows) => {
  it.each(rows)("%j on %j: %s", (asked, value, expected) => {
    expect(match({ [field]: asked }, { [field]: value }, { fields: FIELDS })).toBe(expected);
  });

  it.each([{ [field]: null }, {}])("on %j matches is NULL, and nothing else", (record) => {
    const judge = (asked: unknown) => match({ [field]: asked }, record, { fields: FIELDS });
    // A composite is not asked as a whole.
    expect(judge({ is: "NULL" })).toBe(!COMPOSITES.includes(field));
    for (const asked of [{ is: "NOT_NULL" }, { eq: "a" }, { neq: "a" }, { like: "%" }, { in: ["a", null] }]) {
      expect(judge(asked)).toBe(false);
    }
  });
});

const COMPOSITES = ["name", "address", "website", "link", "createdBy", "emails", "phones", "revenue"];

it("every type has a table", () => {
  const tables = new Set(Object.keys(TYPES));
  expect(FIELDS.map(({ name }) => name).filter((name) => name !== "deletedAt" && !tables.has(name))).toEqual([]);
});
