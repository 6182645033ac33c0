import { buildSchema } from "graphql";
import { expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import {
  type DocumentLimits,
  httpDocumentLimits,
  prepareDocument,
  socketDocumentLimits,
} from "../../../src/core/operation/prepare-document.ts";

const schema = buildSchema("type Query { a: Int  query: Query }");
const aliased = (count: number) => `{ ${Array.from({ length: count }, (_, i) => `a${i}: a`).join(" ")} }`;

const codesOf = (source: string, limits: DocumentLimits) =>
  prepareDocument(schema, source, limits).errors?.map(({ extensions }) => extensions["code"]);

it("[LIMIT-30] a document may have 30 aliases, since each repeats a field in every event", () => {
  const limits = socketDocumentLimits(DEFAULT_LIMITS);
  expect(codesOf(aliased(30), limits)).toBeUndefined();
  expect(codesOf(aliased(31), limits)).toEqual(["DOCUMENT_TOO_LARGE"]);
});

/** As many aliases at the top as in the fragment below each of them. */
const spread = (above: number, below: number) => {
  const spreads = Array.from({ length: above }, (_, i) => `q${i}: query { ...F }`);
  return `{ ${spreads.join(" ")} } fragment F on Query ${aliased(below)}`;
};

it("[LIMIT-30] an alias in a fragment counts wherever it is spread: three levels of ten would repeat a field a thousand times", () => {
  const limits = socketDocumentLimits(DEFAULT_LIMITS);
  expect(codesOf(spread(5, 5), limits)).toBeUndefined();
  expect(codesOf(spread(6, 4), limits)).toBeUndefined();
  expect(codesOf(spread(6, 5), limits)).toEqual(["DOCUMENT_TOO_LARGE"]);
  expect(codesOf(`{ ...F ...F } fragment F on Query ${aliased(30)}`, limits)).toBeUndefined();
});

it("[LIMIT-30] a document over HTTP that asks for the schema, which is large, may have no more", () => {
  const limits = httpDocumentLimits(DEFAULT_LIMITS);
  const schemas = (count: number) =>
    `{ ${Array.from({ length: count }, (_, i) => `a${i}: __schema { description }`)} }`;
  expect(codesOf(aliased(1_000), limits)).toBeUndefined();
  expect(codesOf(schemas(30), limits)).toBeUndefined();
  expect(codesOf(schemas(31), limits)).toEqual(["DOCUMENT_TOO_LARGE"]);
});
