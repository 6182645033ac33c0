import {
  type ExecutionArgs,
  type ExecutionResult,
  executeRootSelectionSet,
  executeSubscriptionEvent,
  type FieldNode,
  GraphQLError,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  type ValidatedSubscriptionArgs,
  validateExecutionArgs,
  validateSubscriptionArgs,
} from "graphql";
import { once } from "../once.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { Principal } from "../principal.ts";
import type { Interest } from "../pubsub/subscription-index.ts";
import type { Catalogue } from "./catalogue.ts";
import { codedError, withCode } from "./coded-error.ts";
import type { OperationContext } from "./operation-context.ts";
import { type PreparedDocument, selectOperation, type ValidDocument } from "./prepare-document.ts";
import { type Projection, projectionOf } from "./project-result.ts";
import type { SubscriptionField } from "./subscription-field.ts";

/** A subscription with its variables coerced: everything about it that does not depend on an event or a caller. */
export interface SubscriptionPlan {
  readonly document: ValidDocument;
  readonly field: SubscriptionField;
  readonly args: unknown;
  readonly interest: Interest;
  readonly execution: ValidatedSubscriptionArgs;
  /** Worked out when the first event comes: of equal operations only one plan is kept. */
  readonly projection: () => Projection | undefined;
}

/** What a request turned out to be. */
export type OperationPlan =
  | { readonly type: "subscription"; readonly plan: SubscriptionPlan }
  /** A query or mutation, executed already. */
  | { readonly type: "result"; readonly result: ExecutionResult }
  | { readonly type: "failed"; readonly errors: readonly GraphQLError[] };

/** What is asked for besides the document. */
export interface OperationRequest {
  readonly operationName?: string;
  /** JSON of an object. */
  readonly variables: string;
}

/** Turns a prepared document and variables into something that can run, or into the errors that end the operation. */
export function planOperation(
  catalogue: Catalogue,
  prepared: PreparedDocument,
  request: OperationRequest,
  contextValue?: OperationContext,
): OperationPlan {
  if (prepared.errors !== undefined) return { type: "failed", errors: prepared.errors };
  const { document } = prepared;
  const { operationName } = request;
  const operation = selectOperation(document, operationName);
  if (operation instanceof GraphQLError) return { type: "failed", errors: [operation] };
  const variableValues = JSON.parse(request.variables) as Record<string, unknown>;
  const { schema, rootValue } = catalogue;
  const args = { schema, rootValue, document, operationName: operationName ?? null, variableValues };
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return runQuery({ ...args, contextValue });
  const execution = validateSubscriptionArgs(args);
  if (!("schema" in execution)) return badInput(execution);
  return planSubscription(catalogue, prepared, operation, execution);
}

function runQuery(args: ExecutionArgs): OperationPlan {
  const execution = validateExecutionArgs(args);
  if (!("schema" in execution)) return badInput(execution);
  const result = executeRootSelectionSet(execution);
  // Our own resolvers are synchronous, so that nothing of a socket's turn is ever left behind an await.
  if (result instanceof Promise) throw new TypeError("A resolver of the object returned a promise.");
  return { type: "result", result };
}

/** Says why a caller may not run a plan; undefined lets it. */
export function refusal(plan: SubscriptionPlan, caller: Principal, viewer: Viewer): GraphQLError | undefined {
  const reason = plan.field.refuse?.(plan.args, caller, viewer);
  return reason === undefined ? undefined : codedError("FORBIDDEN", reason);
}

/** Executes a subscription for one value of its root field. Returns the payload of a `next` as JSON text. */
export function executePlan({ field, execution, projection }: SubscriptionPlan, value: unknown): string {
  const rootValue = { [field.name]: value };
  const data = tryToProject(projection(), rootValue);
  if (data !== undefined) return JSON.stringify({ data });
  const result = executeSubscriptionEvent({ ...execution, rootValue });
  if (result instanceof Promise) throw new TypeError(`A resolver below ${field.name} returned a promise.`);
  return JSON.stringify(result);
}

function tryToProject(projection: Projection | undefined, rootValue: unknown): unknown {
  try {
    return projection?.(rootValue);
  } catch {
    return undefined;
  }
}

/** The payload of the `next` that an operation begins with, as JSON text; undefined when its field has none. */
export function executeInitialValue(plan: SubscriptionPlan): string | undefined {
  const { field, args } = plan;
  return field.initialValue === undefined ? undefined : executePlan(plan, field.initialValue(args));
}

function planSubscription(
  catalogue: Catalogue,
  document: ValidDocument,
  operation: OperationDefinitionNode,
  execution: ValidatedSubscriptionArgs,
): OperationPlan {
  const node = rootField(operation.selectionSet, execution);
  const field = node && catalogue.subscriptions.get(node.name.value);
  const definition = node && catalogue.schema.getSubscriptionType()?.getFields()[node.name.value];
  if (node === undefined || field === undefined || definition === undefined) {
    return {
      type: "failed",
      errors: [codedError("GRAPHQL_VALIDATION_FAILED", "A subscription selects one field of Subscription.")],
    };
  }
  try {
    const args: unknown = getArgumentValues(definition, node, execution.variableValues);
    const projection = once(() => projectionOf(execution));
    const plan = { document, field, args, interest: field.interestOf(args), execution, projection };
    return { type: "subscription", plan };
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    return badInput([thrown]);
  }
}

/** The one root field, which may stand in fragments; validation has made sure that there is only one. */
function rootField(
  selectionSet: SelectionSetNode | undefined,
  execution: ValidatedSubscriptionArgs,
): FieldNode | undefined {
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) return selection;
    const isInline = selection.kind === Kind.INLINE_FRAGMENT;
    const below = isInline
      ? selection.selectionSet
      : execution.fragments[selection.name.value]?.definition.selectionSet;
    const field = rootField(below, execution);
    if (field !== undefined) return field;
  }
  return undefined;
}

function badInput(errors: readonly GraphQLError[]): OperationPlan {
  return { type: "failed", errors: errors.map((error) => withCode(error, "BAD_USER_INPUT")) };
}
