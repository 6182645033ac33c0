import { expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { DocumentTally } from "../../../src/core/operation/document-tally.ts";
import {
  prepareDocument,
  socketDocumentLimits,
  type ValidDocument,
} from "../../../src/core/operation/prepare-document.ts";

function documentOf(source: string): ValidDocument {
  const prepared = prepareDocument(catalogue.schema, source, socketDocumentLimits(DEFAULT_LIMITS));
  if (prepared.document === undefined) throw new Error("The document should be valid.");
  return prepared;
}

const SMALL = documentOf("{ gatewayVersion }");
const LARGE = documentOf("{ gatewayVersion __typename }");

it("a document is known for as long as an operation runs with it", () => {
  const tally = new DocumentTally();
  tally.add(SMALL);
  tally.add({ ...SMALL });
  tally.delete(SMALL);
  expect(tally.get(SMALL.source)).toBe(SMALL);
  tally.delete(SMALL);
  expect(tally.get(SMALL.source)).toBeUndefined();
});

it("equal documents are memory once", () => {
  const tally = new DocumentTally();
  for (const document of [SMALL, LARGE, SMALL]) tally.add(document);
  expect(tally.bytes).toBe(SMALL.bytes + LARGE.bytes);
  expect([tally.bytesWith(SMALL), tally.bytesWith(documentOf("{ __typename }"))]).toEqual([
    tally.bytes,
    tally.bytes + documentOf("{ __typename }").bytes,
  ]);
  for (const document of [SMALL, LARGE, LARGE, SMALL]) tally.delete(document);
  expect(tally.bytes).toBe(0);
});
