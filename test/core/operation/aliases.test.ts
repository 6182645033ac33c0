import { buildSchema } from "graphql";
import { expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { prepareDocument, socketDocumentLimits } from "../../../src/core/operation/prepare-document.ts";

const schema = buildSchema("type Query { a: Int }");
const aliased = (count: number) => `{ ${Array.from({ length: count }, (_, i) => `a${i}: a`).join(" ")} }`;

it("[LIMIT-30] a document may have 30 aliases, since each repeats a field in every event", () => {
  const limits = socketDocumentLimits(DEFAULT_LIMITS);
  expect(prepareDocument(schema, aliased(30), limits).errors).toBeUndefined();
  const { errors } = prepareDocument(schema, aliased(31), limits);
  expect(errors?.map(({ extensions }) => extensions["code"])).toEqual(["DOCUMENT_TOO_LARGE"]);
});
