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
import type { ErrorCode } from "../errors.ts";
import { once } from "../once.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { Principal } from "../principal.ts";
import type { Interest } from "../pubsub/subscription-index.ts";
import type { Catalogue } from "./catalogue.ts";
import { codedError, withCode } from "./coded-error.ts";
import type { OperationContext } from "./operation-context.ts";
import { type PreparedDocument, selectOperation, type ValidDocument } from "./prepare-document.ts";
import type { Projection } from "./project-result.ts";
import type { ResultText } from "./result-text.ts";
import type { SubscriptionField } from "./subscription-field.ts";

/** Everything about a subscription that does not depend on an event or a caller. */
export interface SubscriptionPlan extends CoercedSubscription {
  readonly document: ValidDocument;
  readonly operation: OperationDefinitionNode;
  readonly interest: Interest;
}

/** A subscription with its variables coerced. */
interface CoercedSubscription {
  readonly field: SubscriptionField;
  readonly args: unknown;
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
  const { operationName, variables } = request;
  const operation = selectOperation(document, operationName);
  if (operation instanceof GraphQLError) return { type: "failed", errors: [operation] };
  const { schema, rootValue } = catalogue;
  // What holds on to this holds neither the request, which has a text of its own of the document, nor parsed variables.
  const args = (): ExecutionArgs => {
    const variableValues = JSON.parse(variables) as Record<string, unknown>;
    return { schema, rootValue, document, operationName: operationName ?? null, variableValues };
  };
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return runQuery({ ...args(), contextValue });
  return planSubscription(prepared, operation, () => coerceSubscription(catalogue, prepared, operation, args()));
}

function runQuery(args: OperationArgs): OperationPlan {
  const result = runOperation(args);
  // Our own resolvers are synchronous, so that nothing of a socket's turn is ever left behind an await.
  if (result instanceof Promise) throw new TypeError("A resolver of the object returned a promise.");
  const { errors } = result;
  return "data" in result || errors === undefined ? { type: "result", result } : { type: "failed", errors };
}

/** What is executed for one caller. */
export interface OperationArgs extends ExecutionArgs {
  contextValue?: OperationContext | undefined;
}

/** Runs a query or mutation, whose document was validated, for whichever door it came by. Without `data` it has not begun. */
export function runOperation(args: OperationArgs): ExecutionResult | Promise<ExecutionResult> {
  const execution = validateExecutionArgs(args);
  if (!("schema" in execution)) return { errors: execution.map((error) => withCode(error, "BAD_USER_INPUT")) };
  const result = executeRootSelectionSet(execution);
  const told = (executed: ExecutionResult) => withErrorsTold(executed, args.contextValue);
  return result instanceof Promise ? result.then(told) : told(result);
}

function withErrorsTold(result: ExecutionResult, context: OperationContext | undefined): ExecutionResult {
  const { errors } = result;
  return errors === undefined ? result : { ...result, errors: errors.map((error) => toTell(error, context)) };
}

/** What a client is told of an error: one without a code of ours is nobody's mistake, and what it says is for our logs. */
function toTell(error: GraphQLError, context: OperationContext | undefined): GraphQLError {
  if (error.extensions["code"] !== undefined) return error;
  const { originalError } = error;
  // An argument that is null only by its variable: of what a resolver or a result does wrong, no node of the document is told.
  if (originalError instanceof GraphQLError && originalError.nodes !== undefined)
    return withCode(error, "BAD_USER_INPUT");
  const workspaceId = context?.workspaceId;
  console.error({ message: "A query or mutation failed", workspaceId, error: error.message });
  const code: ErrorCode = "INTERNAL_SERVER_ERROR";
  return new GraphQLError("The gateway failed; the request may be repeated.", {
    path: error.path,
    extensions: { code },
  });
}

/** Says why a caller may not run a plan; undefined lets it. */
export function refusal(plan: SubscriptionPlan, caller: Principal, viewer: Viewer): GraphQLError | undefined {
  const reason = plan.field.refuse?.(plan.args, caller, viewer);
  return reason === undefined ? undefined : codedError("FORBIDDEN", reason);
}

/** Executes a subscription for one value of its root field. Returns the payload of a `next`. */
export function executePlan({ field, execution, projection }: SubscriptionPlan, value: unknown): ResultText {
  const rootValue = { [field.name]: value };
  const data = tryToProject(projection(), rootValue);
  if (data !== undefined) return withinData(data);
  const result = executeSubscriptionEvent({ ...execution, rootValue });
  if (result instanceof Promise) throw new TypeError(`A resolver below ${field.name} returned a promise.`);
  return { text: JSON.stringify(result) };
}

function withinData({ text, bytes }: ResultText): ResultText {
  const whole = `{"data":${text}}`;
  return bytes === undefined ? { text: whole } : { text: whole, bytes: bytes + whole.length - text.length };
}

function tryToProject(projection: Projection | undefined, rootValue: unknown): ResultText | undefined {
  try {
    return projection?.(rootValue);
  } catch {
    return undefined;
  }
}

/** The payload of the `next` that an operation begins with, as JSON text; undefined when its field has none. */
export function executeInitialValue(plan: SubscriptionPlan): string | undefined {
  const { initialValue } = plan.field;
  return initialValue === undefined ? undefined : executePlan(plan, initialValue(plan.args)).text;
}

function planSubscription(
  document: ValidDocument,
  operation: OperationDefinitionNode,
  coerce: () => CoercedSubscription,
): OperationPlan {
  try {
    const { field, args } = coerce();
    return { type: "subscription", plan: new LazyPlan(document, operation, field, field.interestOf(args), coerce) };
  } catch (thrown) {
    if (thrown instanceof RefusedInput) return { type: "failed", errors: thrown.errors };
    if (thrown instanceof GraphQLError) return badInput([thrown]);
    throw thrown;
  }
}

/** @throws RefusedInput, or the GraphQLError of an argument */
function coerceSubscription(
  catalogue: Catalogue,
  { projections }: ValidDocument,
  operation: OperationDefinitionNode,
  args: ExecutionArgs,
): CoercedSubscription {
  const execution = validateSubscriptionArgs(args);
  if (!("schema" in execution)) throw new RefusedInput(execution.map((error) => withCode(error, "BAD_USER_INPUT")));
  const node = rootField(operation.selectionSet, execution);
  const field = node && catalogue.subscriptions.get(node.name.value);
  const definition = node && catalogue.schema.getSubscriptionType()?.getFields()[node.name.value];
  if (node === undefined || field === undefined || definition === undefined) {
    throw new RefusedInput([
      codedError("GRAPHQL_VALIDATION_FAILED", "A subscription selects one field of Subscription."),
    ]);
  }
  const fieldArgs: unknown = getArgumentValues(definition, node, execution.variableValues);
  return { field, execution, args: fieldArgs, projection: once(() => projections.of(execution, field.sharedTypes)) };
}

/** Why a subscription cannot run with the variables that came with it. */
class RefusedInput extends Error {
  readonly errors: readonly GraphQLError[];

  constructor(errors: readonly GraphQLError[]) {
    super("The variables do not fit.");
    this.errors = errors;
  }
}

/**
 * A plan that has coerced variables from its first event on only: they take as much memory as all else of an operation,
 * and of the thousands that a wake takes up few are for the event that it is for.
 */
class LazyPlan implements SubscriptionPlan {
  readonly document: ValidDocument;
  readonly operation: OperationDefinitionNode;
  readonly field: SubscriptionField;
  readonly interest: Interest;
  readonly #coerce: () => CoercedSubscription;
  #coerced: CoercedSubscription | undefined;

  constructor(
    document: ValidDocument,
    operation: OperationDefinitionNode,
    field: SubscriptionField,
    interest: Interest,
    coerce: () => CoercedSubscription,
  ) {
    this.document = document;
    this.operation = operation;
    this.field = field;
    this.interest = interest;
    this.#coerce = coerce;
  }

  get args(): unknown {
    this.#coerced ??= this.#coerce();
    return this.#coerced.args;
  }

  get execution(): ValidatedSubscriptionArgs {
    this.#coerced ??= this.#coerce();
    return this.#coerced.execution;
  }

  get projection(): () => Projection | undefined {
    this.#coerced ??= this.#coerce();
    return this.#coerced.projection;
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
