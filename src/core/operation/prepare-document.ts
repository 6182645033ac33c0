import {
  BREAK,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  Source,
  TokenKind,
  validate,
  visit,
} from "graphql";
import type { Limits } from "../limits.ts";
import { checkSelections, type SelectionLimits, tooDeep } from "./check-selections.ts";
import { codedError, withCode } from "./coded-error.ts";
import { asksUpstream } from "./operation-owner.ts";
import { Projections } from "./projections.ts";

/** A document that passed every check, or the errors that end an operation with it. */
export type PreparedDocument =
  | ValidDocument
  | { readonly document?: never; readonly errors: readonly GraphQLError[]; readonly bytes: number };

/** A document that can run. */
export interface ValidDocument {
  readonly source: string;
  /** Without locations: they are four fifths of what parsing makes of a document, and no event needs them. */
  readonly document: DocumentNode;
  /** Whether it asks for the schema, which is the one large thing to answer here. */
  readonly asksForSchema: boolean;
  readonly projections: Projections;
  /** Memory that it takes, about. */
  readonly bytes: number;
  readonly errors?: never;
}

/** How much of a document is looked at: sockets and HTTP differ. */
export interface DocumentLimits extends SelectionLimits {
  readonly fragments: number;
  /** Of a document that asks for the schema. */
  readonly schemaAliases: number;
}

export function httpDocumentLimits(limits: Limits): DocumentLimits {
  // Over HTTP a document runs once, and not for every event: its tokens are limit enough for its aliases. They are not for
  // those of the schema: a text in it under thousands of names is the memory of an isolate, which others share.
  const tokens = limits.MAX_HTTP_DOCUMENT_TOKENS;
  return { ...socketDocumentLimits(limits), tokens, aliases: tokens };
}

export function socketDocumentLimits(limits: Limits): DocumentLimits {
  return {
    tokens: limits.MAX_DOCUMENT_TOKENS,
    fragments: limits.MAX_DOCUMENT_FRAGMENTS,
    depth: limits.MAX_DOCUMENT_DEPTH,
    aliases: limits.MAX_DOCUMENT_ALIASES,
    schemaAliases: limits.MAX_DOCUMENT_ALIASES,
    repeats: limits.MAX_DOCUMENT_REPEATED_FIELDS,
  };
}

/**
 * Parses and validates a document.
 * @param hasUpstream whether what is not of this schema is served by another server, over HTTP
 */
export function prepareDocument(
  schema: GraphQLSchema,
  source: string,
  limits: DocumentLimits,
  hasUpstream = false,
): PreparedDocument {
  let located: DocumentNode;
  try {
    located = parseWithinLimits(source, limits);
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    return failed(source, [thrown]);
  }
  const errors = validate(schema, located, undefined, { maxErrors: 10 });
  if (errors.length > 0) {
    if (hasUpstream && asksUpstream(schema, located)) return failed(source, [notHere()]);
    return failed(
      source,
      errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED")),
    );
  }
  const document = parse(source, { noLocation: true });
  const bytes = source.length + (document.tokenCount ?? source.length) * BYTES_PER_TOKEN;
  return { source, document, asksForSchema: asksForSchema(document), projections: new Projections(), bytes };
}

function notHere(): GraphQLError {
  return codedError("NOT_HERE", "This operation is of the server behind the gateway, which is asked over HTTP.");
}

/** What a token of a document comes to once it is parsed without locations, at most: that of a field without anything. */
const BYTES_PER_TOKEN = 160;
const BYTES_PER_ERROR = 500;

function failed(source: string, errors: readonly GraphQLError[]): PreparedDocument {
  const bytes = errors.reduce((sum, { message }) => sum + message.length + BYTES_PER_ERROR, source.length);
  return { errors, bytes };
}

function asksForSchema(document: DocumentNode): boolean {
  let isAsked = false;
  visit(document, {
    Field({ name }) {
      if (name.value !== "__schema" && name.value !== "__type") return undefined;
      isAsked = true;
      return BREAK;
    },
  });
  return isAsked;
}

/**
 * Parses a document, the limits first: the parser recurses, and validation is not linear in what it is given.
 * @throws GraphQLError with one of our codes
 */
export function parseWithinLimits(source: string, limits: DocumentLimits): DocumentNode {
  const document = parseTokens(source, limits);
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION).length;
  if (fragments > limits.fragments) {
    throw codedError("DOCUMENT_TOO_LARGE", `A document may have ${limits.fragments} fragments.`);
  }
  const aliases = asksForSchema(document) ? limits.schemaAliases : limits.aliases;
  checkSelections(document, { ...limits, aliases });
  return document;
}

/**
 * Parses a document of so many tokens, which nest no deeper than the parser bears. It is all that must hold of a document
 * that is not for us.
 * @throws GraphQLError with one of our codes
 */
export function parseTokens(source: string, limits: Pick<DocumentLimits, "tokens" | "depth">): DocumentNode {
  try {
    measureTokens(source, limits);
    return parse(source);
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    throw withCode(thrown, "GRAPHQL_PARSE_FAILED");
  }
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

/** Brackets of argument values may nest this much deeper than fields. */
const VALUE_DEPTH = 64;

/** Reads the tokens one by one, before the recursive parser sees them. Throws the syntax error of a bad token. */
function measureTokens(source: string, limits: Pick<DocumentLimits, "tokens" | "depth">): void {
  const lexer = new Lexer(new Source(source));
  let depth = 0;
  for (let count = 1; lexer.advance().kind !== TokenKind.EOF; count++) {
    if (count > limits.tokens) throw codedError("DOCUMENT_TOO_LARGE", `A document may have ${limits.tokens} tokens.`);
    const { kind } = lexer.token;
    if (kind === TokenKind.BRACE_L || kind === TokenKind.BRACKET_L || kind === TokenKind.PAREN_L) depth++;
    else if (kind === TokenKind.BRACE_R || kind === TokenKind.BRACKET_R || kind === TokenKind.PAREN_R) depth--;
    if (depth > limits.depth + VALUE_DEPTH) throw tooDeep(limits);
  }
}
