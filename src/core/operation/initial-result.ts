import { GraphQLError, OperationTypeNode } from "graphql";
import { canonicalJson } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { SubscribePayload } from "../protocol/messages.ts";
import type { Catalogue } from "./catalogue.ts";
import { executeInitialValue, planOperation } from "./plan-operation.ts";
import { prepareDocument, selectOperation, socketDocumentLimits } from "./prepare-document.ts";

/**
 * The result that an operation begins with, as JSON text, made by those who only pass operations on: it is the same for
 * every caller, so nobody has to tell them. Undefined when the operation begins with none, or cannot run.
 */
export function initialResult(catalogue: Catalogue, payload: SubscribePayload, limits: Limits): string | undefined {
  const { query, operationName, variables = {} } = payload;
  // A name has one spelling in GraphQL, so most documents need not be parsed for this.
  const fields = [...catalogue.subscriptions.values()].filter(({ initialValue }) => initialValue !== undefined);
  if (!fields.some(({ name }) => query.includes(name))) return undefined;
  const prepared = prepareDocument(catalogue.schema, query, socketDocumentLimits(limits));
  if (prepared.document === undefined) return undefined;
  const operation = selectOperation(prepared.document, operationName);
  // Planning another one would run it.
  if (operation instanceof GraphQLError || operation.operation !== OperationTypeNode.SUBSCRIPTION) return undefined;
  const request = { variables: canonicalJson(variables), ...(operationName !== undefined && { operationName }) };
  const planned = planOperation(catalogue, prepared, request);
  return planned.type === "subscription" ? executeInitialValue(planned.plan) : undefined;
}
