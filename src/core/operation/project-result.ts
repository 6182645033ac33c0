import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLDeferDirective,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSkipDirective,
  GraphQLStreamDirective,
  getDirectiveValues,
  type InlineFragmentNode,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  typeFromAST,
  type ValidatedSubscriptionArgs,
} from "graphql";
import { isJsonObject } from "../json.ts";

/**
 * Makes what an operation's result has for a value of its root type.
 * @throws whatever goes wrong, which only tells that graphql-js must execute the operation and say what it is
 */
export type Projection = (rootValue: unknown) => unknown;

/**
 * Works out once what graphql-js would work out for every event: which properties of which values an operation selects.
 * Executing an event with graphql-js makes a dozen objects besides the result, an `AbortController` among them, and takes
 * several times as long.
 * @returns undefined for an operation with more to it than plain data: resolvers, arguments, abstract types, `@defer`
 */
export function projectionOf(execution: ValidatedSubscriptionArgs): Projection | undefined {
  const { schema, operation } = execution;
  const rootType = schema.getSubscriptionType();
  try {
    return rootType == null ? undefined : new Compiler(execution).object(rootType, [operation.selectionSet]);
  } catch {
    return undefined;
  }
}

class Compiler {
  readonly #execution: ValidatedSubscriptionArgs;

  constructor(execution: ValidatedSubscriptionArgs) {
    this.#execution = execution;
  }

  object(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Projection {
    if (type.isTypeOf != null) fail();
    const selected = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const { selections } of selectionSets) this.#collect(type, selections, selected, spread);
    const fields = Array.from(selected, ([key, nodes]) => this.#field(type, key, nodes));
    return (value) => {
      if (!isJsonObject(value)) return fail();
      const result: Record<string, unknown> = {};
      for (const { key, name, complete } of fields) result[key] = complete(value[name]);
      return result;
    };
  }

  /** As the specification's CollectFields does. */
  #collect(
    type: GraphQLObjectType,
    selections: readonly SelectionNode[],
    into: Map<string, FieldNode[]>,
    spread: Set<string>,
  ): void {
    for (const selection of selections) {
      if (!this.#isIncluded(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        into.set(key, [...(into.get(key) ?? []), selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (this.#applies(selection, type)) this.#collect(type, selection.selectionSet.selections, into, spread);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = this.#execution.fragments[selection.name.value];
        if (fragment === undefined || fragment.variableSignatures !== undefined) fail();
        const { definition } = fragment;
        if (this.#applies(definition, type)) this.#collect(type, definition.selectionSet.selections, into, spread);
      }
    }
  }

  #isIncluded(node: SelectionNode): boolean {
    for (const { name } of node.directives ?? []) {
      if (name.value === GraphQLDeferDirective.name || name.value === GraphQLStreamDirective.name) {
        fail();
      }
    }
    const { variableValues } = this.#execution;
    return (
      getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.["if"] !== true &&
      getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.["if"] !== false
    );
  }

  #applies({ typeCondition }: InlineFragmentNode | FragmentDefinitionNode, type: GraphQLObjectType): boolean {
    if (typeCondition === undefined) return true;
    const { schema } = this.#execution;
    const condition = typeFromAST(schema, typeCondition);
    return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
  }

  #field(type: GraphQLObjectType, key: string, nodes: readonly FieldNode[]) {
    const name = nodes[0]?.name.value ?? "";
    // Set on a plain object it would be no property.
    if (key === "__proto__") fail();
    if (name === "__typename") return { key, name, complete: () => type.name };
    const definition = type.getFields()[name];
    if (definition === undefined || definition.resolve != null) fail();
    // The root field has taken its arguments already: they say which events there are, not what is in one.
    const isRoot = type === this.#execution.schema.getSubscriptionType();
    if (definition.args.length > 0 && !isRoot) fail();
    const below = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return { key, name, complete: this.#completion(definition.type, below) };
  }

  #completion(type: GraphQLOutputType, below: readonly SelectionSetNode[]): Projection {
    if (isNonNullType(type)) {
      const complete = this.#completion(type.ofType, below);
      return (value) => complete(value) ?? fail();
    }
    const complete = this.#valueCompletion(type, below);
    return (value) => (value == null ? null : complete(plain(value)));
  }

  #valueCompletion(type: GraphQLOutputType, below: readonly SelectionSetNode[]): Projection {
    if (isListType(type)) {
      const complete = this.#completion(type.ofType, below);
      return (value) => (Array.isArray(value) ? value.map((item) => complete(item)) : fail());
    }
    if (isLeafType(type)) return (value) => type.coerceOutputValue(value) ?? fail();
    return isObjectType(type) ? this.object(type, below) : fail();
  }
}

/** A function would have to be called, a promise awaited, an error reported. */
function plain(value: unknown): unknown {
  if (typeof value === "function" || value instanceof Error || value instanceof Promise) fail();
  return value;
}

/** Says no more than that this is for graphql-js. */
class Unprojectable extends Error {}

function fail(): never {
  throw new Unprojectable();
}
