import { type DocumentNode, GraphQLError, type OperationDefinitionNode } from "graphql";
import { type DocumentLimits, parseTokens, selectOperation } from "./prepare-document.ts";

/** An operation as its document has it, not validated. */
export interface ReadOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** The operation that a request means; undefined when that cannot be told, which whoever runs it will say. */
export function readOperation(
  { query, operationName }: { readonly query: string; readonly operationName?: string },
  limits: Pick<DocumentLimits, "tokens" | "depth">,
): ReadOperation | undefined {
  try {
    const document = parseTokens(query, limits);
    const operation = selectOperation(document, operationName);
    return operation instanceof GraphQLError ? undefined : { document, operation };
  } catch (thrown) {
    if (thrown instanceof GraphQLError) return undefined;
    throw thrown;
  }
}
