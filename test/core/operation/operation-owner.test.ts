import { expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { asksUpstream, ownerOf } from "../../../src/core/operation/operation-owner.ts";
import {
  parseTokens,
  prepareDocument,
  selectOperation,
  socketDocumentLimits,
} from "../../../src/core/operation/prepare-document.ts";
import { readOperation } from "../../../src/core/operation/read-operation.ts";

const { schema } = catalogue;
const LIMITS = socketDocumentLimits(DEFAULT_LIMITS);

function ownerOfSource(source: string, operationName?: string) {
  const document = parseTokens(source, LIMITS);
  const operation = selectOperation(document, operationName);
  if (operation instanceof Error) throw operation;
  return ownerOf(schema, document, operation);
}

it.each([
  ["gateway", "{ gatewayVersion }"],
  ["gateway", "{ version: gatewayVersion(nothing: 1) { nothing } }"],
  ["gateway", "mutation { addQueryToEventStream }"],
  ["gateway", "subscription { onDbEvent(input: {}) { action } }"],
  ["gateway", "{ __typename __schema { types { name } } }"],
  ["gateway", "{ ...A } fragment A on Query { ...A }"],
  ["gateway", "{ ...Nothing }"],
  ["upstream", "{ currentUser { id } }"],
  ["upstream", "{ gatewayVersion: currentUser }"],
  ["upstream", "{ __typename currentUser { id } }"],
  ["upstream", "mutation { gatewayVersion }"],
  ["upstream", "subscription { toString }"],
  ["upstream", "{ ... { ...A } } fragment A on Query { ... on Query { currentUser } }"],
  ["both", "{ gatewayVersion currentUser }"],
  ["both", "{ gatewayVersion ...A } fragment A on Query { currentUser ...B } fragment B on Query { ...A }"],
] as const)("%s answers %s", (owner, source) => {
  expect(ownerOfSource(source)).toBe(owner);
});

it("only the operation that is meant tells whose it is", () => {
  const source = "query Ours { gatewayVersion } query Theirs { currentUser }";
  expect([ownerOfSource(source, "Ours"), ownerOfSource(source, "Theirs")]).toEqual(["gateway", "upstream"]);
  expect(asksUpstream(schema, parseTokens(source, LIMITS))).toBe(true);
});

it("a document whose fragments spread each other a thousand times over is looked at once", () => {
  const fragments = Array.from({ length: 150 }, (_, i) => `fragment F${i} on Q { ${`...F${i + 1} `.repeat(3)} }`);
  expect(ownerOfSource(`{ ...F0 } ${fragments.join(" ")} fragment F150 on Q { currentUser }`)).toBe("upstream");
});

it.each(["{", "{ a } { b }", "query A { a }", `{ ${"a ".repeat(3_000)} }`, "{a".repeat(500)])(
  "of %.20s it cannot be told which operation is meant",
  (query) => {
    expect(readOperation({ query, operationName: "B" }, LIMITS)).toBeUndefined();
  },
);

it("a document that asks another server is told apart from a wrong one, where there is such a server", () => {
  const codes = (source: string, hasUpstream: boolean) =>
    prepareDocument(schema, source, LIMITS, hasUpstream).errors?.map(({ extensions }) => extensions["code"]);
  expect(codes("{ currentUser }", true)).toEqual(["NOT_HERE"]);
  expect(codes("{ currentUser }", false)).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
  expect(codes("{ gatewayVersion { nothing } }", true)).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
  expect(codes("{ gatewayVersion }", true)).toBeUndefined();
});
