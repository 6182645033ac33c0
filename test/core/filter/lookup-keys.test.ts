import { expect, it } from "vitest";
import { type LookupKey, lookupKeysOf } from "../../../src/core/filter/lookup-keys.ts";
import { parse } from "./fixtures.ts";

/** As `place=text`, `place~literal` and `place:low..high`. */
const keysOf = (filter: unknown) => lookupKeysOf(parse(filter))?.map(textOf).sort();

function textOf(key: LookupKey): string {
  const place = key.place.part === undefined ? key.place.field : `${key.place.field}.${key.place.part}`;
  switch (key.kind) {
    case "equals":
      return `${place}=${key.text}`;
    case "contains":
      return `${place}~${String.fromCodePoint(...key.literal)}`;
    case "within":
      return `${place}:${key.low}..${key.high}`;
  }
}

const a = { id: { eq: "a" } };
const ab = { id: { in: ["a", "b"] } };
const paris = { city: { eq: "Paris" } };
const anna = { name: { firstName: { ilike: "%Anna%" } } };
const adult = { age: { gte: 18 } };

it.each<[unknown, string[] | undefined]>([
  [a, ["id=a"]],
  [ab, ["id=a", "id=b"]],
  [paris, ["city=Paris"]],
  [{ company: { eq: "a" } }, ["company=a"]],
  [{ name: { firstName: { eq: "Ada" } } }, ["name.firstName=Ada"]],
  [{ id: { in: [] } }, []],
  // Others than texts, and dates, equal what is written in another way.
  [{ id: { in: ["a", null] } }, undefined],
  [{ age: { eq: 5 } }, undefined],
  [{ createdAt: { eq: "2026-01-01" } }, undefined],
  [{ createdAt: { in: ["a", "2026-01-01T00:00:00Z"] } }, undefined],
  // Which of several operators is looked at depends on the type.
  [{ id: { eq: "a", in: ["b"] } }, undefined],
  [{ id: { eq: "a", is: "NULL" } }, undefined],
  [{ id: {} }, undefined],
  [{ id: { neq: "a" } }, undefined],
  [{ city: { ilike: "%Par_s, Île-de-France%" } }, ["city~s, île-de-france"]],
  [{ city: { like: 'a\\%b"cd%ef' } }, ["city~a%b"]],
  [{ city: { ilike: "%ab%_cd" } }, undefined],
  [{ age: { gt: 5 } }, ["age:5..Infinity"]],
  [{ age: { lte: 5 } }, ["age:-Infinity..5"]],
  [{ createdAt: { gt: "2026-01-01" } }, undefined],
  [{ revenue: { amountMicros: { gte: 5 } } }, ["revenue.amountMicros:5..Infinity"]],
  [{ and: [adult, { age: { lt: 30 } }] }, ["age:18..30"]],
  [{ and: [adult, { and: [{ age: { lt: 30 } }, { age: { gt: 20 } }] }] }, ["age:20..30"]],
  // Of what must all be so, the narrowest.
  [{ ...a, ...paris }, ["id=a"]],
  [{ ...ab, ...paris }, ["id=a", "id=b"]],
  [{ and: [{ city: { in: ["a", "b"] } }, { stage: { eq: "NEW" } }] }, ["stage=NEW"]],
  [{ and: [adult, { city: { ilike: "%paris%" } }] }, ["city~paris"]],
  [{ and: [adult, {}] }, ["age:18..Infinity"]],
  [{ name: { firstName: { ilike: "%anna%" }, lastName: { eq: "Li" } } }, ["name.lastName=Li"]],
  [{ ...a, city: { regex: "x" } }, undefined],
  // Of what may be so, everything.
  [{ or: [a, { id: { eq: "c" } }] }, ["id=a", "id=c"]],
  [{ or: [anna, { name: { lastName: { ilike: "%Anna%" } } }] }, ["name.firstName~anna", "name.lastName~anna"]],
  [{ or: [{ and: [a, paris] }, adult] }, ["age:18..Infinity", "id=a"]],
  [{ or: [a, {}] }, undefined],
  [{ or: [] }, undefined],
  [{ or: { ...a, ...paris } }, ["id=a"]],
  [{ not: a }, undefined],
  [{ not: { not: a } }, undefined],
  // The Markdown of formatted text may stand in its place alone.
  [{ note: { markdown: { ilike: "%anna%" } } }, undefined],
  [{ ...{ name: { eq: "a", firstName: { eq: "b" } } } }, undefined],
  [{}, undefined],
])("finds %j by its keys", (filter, expected) => expect(keysOf(filter)).toEqual(expected));
