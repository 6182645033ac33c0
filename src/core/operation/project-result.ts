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
import { type ResultText, TextWriter } from "./result-text.ts";
import { SharedValue } from "./shared-value.ts";

/**
 * Writes what an operation's result has for a value of its root type, as JSON.
 * @throws whatever goes wrong, which only tells that graphql-js must execute the operation and say what it is
 */
export type Projection = (rootValue: unknown) => ResultText;

/** The projection of an operation, and for whom it is made. */
export interface CompiledProjection {
  /** Undefined for an operation with more to it than plain data: resolvers, arguments, abstract types, `@defer`. */
  readonly project: Projection | undefined;
  /** Whether it hangs on the values of variables: otherwise it is the same for all who run the operation. */
  readonly hangsOnVariables: boolean;
}

/**
 * Works out once what graphql-js would work out for every event: which properties of which values an operation selects.
 * Executing an event with graphql-js makes a dozen objects besides the result, an `AbortController` among them, and takes
 * several times as long.
 * @param sharedTypes the names of types of which a value may be a `SharedValue`
 */
export function compileProjection(
  execution: ValidatedSubscriptionArgs,
  sharedTypes: readonly string[] = [],
): CompiledProjection {
  const { schema, operation } = execution;
  const rootType = schema.getSubscriptionType();
  const compiler = new Compiler(execution, sharedTypes);
  let project: Projection | undefined;
  try {
    if (rootType != null) project = projectionOf(compiler.object(rootType, [operation.selectionSet]));
  } catch {}
  return { project, hangsOnVariables: compiler.hangsOnVariables };
}

/** What comes in the place of a value. */
interface Completion {
  readonly complete: (value: unknown) => unknown;
  /** The same as JSON, where there may be shared values in it. */
  readonly write?: Writing | undefined;
}

type Writing = (value: unknown, into: TextWriter) => void;

function projectionOf({ complete, write }: Completion): Projection {
  // One text of all of it is made faster than many small ones.
  if (write === undefined) return (value) => ({ text: jsonOf(complete(value)) });
  return (value) => {
    const writer = new TextWriter();
    write(value, writer);
    return writer;
  };
}

function jsonOf(completed: unknown): string {
  return JSON.stringify(completed) ?? fail();
}

function writingOf({ complete, write }: Completion): Writing {
  return write ?? ((value, into) => into.add(jsonOf(complete(value))));
}

class Compiler {
  hangsOnVariables = false;
  readonly #execution: ValidatedSubscriptionArgs;
  readonly #sharedTypes: readonly string[];

  constructor(execution: ValidatedSubscriptionArgs, sharedTypes: readonly string[]) {
    this.#execution = execution;
    this.#sharedTypes = sharedTypes;
  }

  object(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Completion {
    if (type.isTypeOf != null) fail();
    const selected = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const { selections } of selectionSets) this.#collect(type, selections, selected, spread);
    const fields = Array.from(selected, ([key, nodes]) => this.#field(type, key, nodes));
    const complete = (value: unknown) => {
      if (!isJsonObject(value)) return fail();
      const result: Record<string, unknown> = {};
      for (const { key, name, complete } of fields) result[key] = complete(value[name]);
      return result;
    };
    if (this.#sharedTypes.includes(type.name)) return { complete, write: writingOnce(complete) };
    return { complete, write: fields.some(({ write }) => write !== undefined) ? writingFields(fields) : undefined };
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
    for (const { arguments: args } of node.directives ?? []) {
      if (args?.some(({ value }) => value.kind === Kind.VARIABLE)) this.hangsOnVariables = true;
    }
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

  #field(type: GraphQLObjectType, key: string, nodes: readonly FieldNode[]): Field {
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
    return { key, name, ...this.#completion(definition.type, below) };
  }

  #completion(type: GraphQLOutputType, below: readonly SelectionSetNode[]): Completion {
    if (isNonNullType(type)) {
      const { complete, write } = this.#completion(type.ofType, below);
      return {
        complete: (value) => complete(value) ?? fail(),
        write: write && ((value, into) => (value == null ? fail() : write(value, into))),
      };
    }
    const { complete, write } = this.#valueCompletion(type, below);
    return {
      complete: (value) => (value == null ? null : complete(plain(value))),
      write: write && ((value, into) => (value == null ? into.addAscii("null") : write(plain(value), into))),
    };
  }

  #valueCompletion(type: GraphQLOutputType, below: readonly SelectionSetNode[]): Completion {
    if (isListType(type)) {
      const { complete, write } = this.#completion(type.ofType, below);
      return {
        complete: (value) => (Array.isArray(value) ? value.map((item) => complete(item)) : fail()),
        write: write && writingList(write),
      };
    }
    if (isLeafType(type)) return { complete: (value) => type.coerceOutputValue(value) ?? fail() };
    return isObjectType(type) ? this.object(type, below) : fail();
  }
}

interface Field extends Completion {
  /** In the result. */
  readonly key: string;
  /** Of the property of the value. */
  readonly name: string;
}

function writingList(write: Writing): Writing {
  return (value, into) => {
    if (!Array.isArray(value)) return fail();
    into.addAscii("[");
    for (let i = 0; i < value.length; i++) {
      if (i > 0) into.addAscii(",");
      write(value[i], into);
    }
    into.addAscii("]");
  };
}

/** Names are ASCII, and need no escaping. */
function writingFields(fields: readonly Field[]): Writing {
  const parts = fields.map((field, i) => ({
    before: `${i === 0 ? "{" : ","}"${field.key}":`,
    name: field.name,
    write: writingOf(field),
  }));
  return (value, into) => {
    if (!isJsonObject(value)) return fail();
    for (const { before, name, write } of parts) {
      into.addAscii(before);
      write(value[name], into);
    }
    into.addAscii("}");
  };
}

function writingOnce(complete: Completion["complete"]): Writing {
  return (value, into) => {
    if (!(value instanceof SharedValue)) return into.add(jsonOf(complete(value)));
    const { text, bytes } = value.textOf(complete, () => jsonOf(complete(value)));
    into.add(text, bytes);
  };
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
