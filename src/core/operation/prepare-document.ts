import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  Source,
  TokenKind,
  validate,
  visit,
} from "graphql";
import type { ErrorCode } from "../errors.ts";
import type { Limits } from "../limits.ts";

/** A document that passed every check, or the errors that end an operation with it. */
export type PreparedDocument =
  | { readonly document: DocumentNode; readonly errors?: never }
  | { readonly document?: never; readonly errors: readonly GraphQLError[] };

/** How much of a document is looked at: sockets and HTTP differ. */
export interface DocumentLimits {
  readonly tokens: number;
  readonly fragments: number;
  readonly depth: number;
  readonly aliases: number;
}

export function httpDocumentLimits(limits: Limits): DocumentLimits {
  // Over HTTP a document runs once, and not for every event: its tokens are limit enough for its aliases.
  const tokens = limits.MAX_HTTP_DOCUMENT_TOKENS;
  return { ...socketDocumentLimits(limits), tokens, aliases: tokens };
}

export function socketDocumentLimits(limits: Limits): DocumentLimits {
  return {
    tokens: limits.MAX_DOCUMENT_TOKENS,
    fragments: limits.MAX_DOCUMENT_FRAGMENTS,
    depth: limits.MAX_DOCUMENT_DEPTH,
    aliases: limits.MAX_DOCUMENT_ALIASES,
  };
}

/** Parses and validates a document. */
export function prepareDocument(schema: GraphQLSchema, source: string, limits: DocumentLimits): PreparedDocument {
  let document: DocumentNode;
  try {
    document = parseWithinLimits(source, limits);
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    return { errors: [thrown] };
  }
  const errors = validate(schema, document, undefined, { maxErrors: 10 });
  if (errors.length > 0) return { errors: errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED")) };
  return { document };
}

/**
 * Parses a document, the limits first: the parser recurses, and validation is not linear in what it is given (300
 * sibling fragments cost it 43 ms).
 * @throws GraphQLError with one of our codes
 */
export function parseWithinLimits(source: string, limits: DocumentLimits): DocumentNode {
  let document: DocumentNode;
  try {
    measureTokens(source, limits);
    document = parse(source);
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    throw withCode(thrown, "GRAPHQL_PARSE_FAILED");
  }
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION).length;
  if (fragments > limits.fragments) {
    throw codedError("DOCUMENT_TOO_LARGE", `A document may have ${limits.fragments} fragments.`);
  }
  let aliases = 0;
  visit(document, {
    enter(node) {
      if (node.kind === Kind.FIELD && node.alias !== undefined) aliases++;
    },
  });
  if (aliases > limits.aliases)
    throw codedError("DOCUMENT_TOO_LARGE", `A document may have ${limits.aliases} aliases.`);
  if (selectionDepth(document) > limits.depth) {
    throw codedError("DOCUMENT_TOO_DEEP", tooDeep(limits));
  }
  return document;
}

/** The operation a request means, or the error that says why there is none. */
export function selectOperation(
  document: DocumentNode,
  operationName: string | undefined,
): OperationDefinitionNode | GraphQLError {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const [first] = operations;
  if (operationName === undefined) {
    if (first !== undefined && operations.length === 1) return first;
    return codedError("OPERATION_RESOLUTION_FAILURE", "operationName must say which operation of the document to run.");
  }
  const named = operations.find((operation) => operation.name?.value === operationName);
  return (
    named ?? codedError("OPERATION_RESOLUTION_FAILURE", "The document has no operation of the name operationName.")
  );
}

/** A GraphQL error that carries one of our codes. */
export function codedError(code: ErrorCode, message: string, subCode?: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...(subCode !== undefined && { subCode }) } });
}

/** The same error, carrying one of our codes. */
export function withCode(error: GraphQLError, code: ErrorCode): GraphQLError {
  const { message, nodes, source, positions, path, originalError, extensions } = error;
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    originalError,
    extensions: { code, ...extensions },
  });
}

/** Brackets of argument values may nest this much deeper than fields. */
const VALUE_DEPTH = 64;

/** Reads the tokens one by one, before the recursive parser sees them. Throws the syntax error of a bad token. */
function measureTokens(source: string, limits: DocumentLimits): void {
  const lexer = new Lexer(new Source(source));
  let depth = 0;
  for (let count = 1; lexer.advance().kind !== TokenKind.EOF; count++) {
    if (count > limits.tokens) throw codedError("DOCUMENT_TOO_LARGE", `A document may have ${limits.tokens} tokens.`);
    const { kind } = lexer.token;
    if (kind === TokenKind.BRACE_L || kind === TokenKind.BRACKET_L || kind === TokenKind.PAREN_L) depth++;
    else if (kind === TokenKind.BRACE_R || kind === TokenKind.BRACKET_R || kind === TokenKind.PAREN_R) depth--;
    if (depth > limits.depth + VALUE_DEPTH) throw codedError("DOCUMENT_TOO_DEEP", tooDeep(limits));
  }
}

function tooDeep(limits: DocumentLimits): string {
  return `A document may nest ${limits.depth} levels.`;
}

/** Depth of the deepest field, fragments followed. Each fragment is measured once, so this is linear. */
function selectionDepth(document: DocumentNode): number {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
  }
  const measured = new Map<string, number>();
  const depthOfFragment = (name: string): number => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    // A cycle meets this 0 and ends; validation refuses it afterwards.
    measured.set(name, 0);
    const selectionSet = fragments.get(name);
    const depth = selectionSet === undefined ? 0 : depthOf(selectionSet);
    measured.set(name, depth);
    return depth;
  };
  const depthOf = (selectionSet: SelectionSetNode): number => {
    let deepest = 0;
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) deepest = Math.max(deepest, depthOfFragment(selection.name.value));
      else {
        const below = selection.selectionSet === undefined ? 0 : depthOf(selection.selectionSet);
        deepest = Math.max(deepest, below + (selection.kind === Kind.FIELD ? 1 : 0));
      }
    }
    return deepest;
  };
  let deepest = 0;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) deepest = Math.max(deepest, depthOf(definition.selectionSet));
  }
  return deepest;
}
