import { describe, expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { OperationTally } from "../../../src/core/operation/operation-tally.ts";
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

const totals = ({ operations, documentBytes }: OperationTally) => ({ operations, documentBytes });

describe("OperationTally", () => {
  it("counts equal operations once, and their documents once", () => {
    const tally = new OperationTally();
    tally.add("a", SMALL);
    tally.add("a", SMALL);
    tally.add("b", SMALL);
    tally.add("c", LARGE);
    expect(totals(tally)).toEqual({ operations: 3, documentBytes: SMALL.bytes + LARGE.bytes });
  });

  it("tells what one operation more would come to, and counts nothing by that", () => {
    const tally = new OperationTally();
    tally.add("a", SMALL);
    expect(tally.with("a", SMALL)).toEqual({ operations: 1, documentBytes: SMALL.bytes });
    expect(tally.with("b", SMALL)).toEqual({ operations: 2, documentBytes: SMALL.bytes });
    expect(tally.with("c", LARGE)).toEqual({ operations: 2, documentBytes: SMALL.bytes + LARGE.bytes });
    expect(totals(tally)).toEqual({ operations: 1, documentBytes: SMALL.bytes });
  });

  it("comes back to nothing whatever the order, and never below", () => {
    const tally = new OperationTally();
    const added = Array.from({ length: 60 }, (_, i) => [`${i % 7}`, i % 7 > 3 ? LARGE : SMALL] as const);
    for (const [key, document] of added) tally.add(key, document);
    for (const [key, document] of added.toReversed()) tally.delete(key, document);
    tally.delete("0", SMALL);
    expect(totals(tally)).toEqual({ operations: 0, documentBytes: 0 });
  });
});
