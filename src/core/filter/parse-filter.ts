import { isJsonObject, type JsonObject } from "../json.ts";
import { callerValuesOf } from "./caller-values.ts";
import {
  CALLER_VALUES,
  type CallerReference,
  type Condition,
  type FilterNode,
  type InvalidReason,
  isScalar,
  OPERATORS,
  type Operand,
  type Operator,
  type Operators,
  type ParsedFilter,
  type Scalar,
} from "./filter.ts";
import { assertFilterFits, type FilterLimits } from "./measure-filter.ts";

/**
 * Parses `variables.filter` of a query. None and null are the empty filter. What is wrong is kept as an invalid filter,
 * which matches nothing.
 * @throws GatewayError QUERY_TOO_LARGE
 */
export function parseFilter(input: unknown, limits: FilterLimits): ParsedFilter {
  const filter = parseRowFilter(input, limits);
  return callerValuesOf(filter).size === 0 ? filter : { valid: false, reason: BAD_VALUE };
}

/**
 * Parses the row filter of a role. In it `{"$caller": …}` may stand for a value, and matches nothing until `bindCaller`
 * has put the caller's own value there.
 * @throws GatewayError QUERY_TOO_LARGE
 */
export function parseRowFilter(input: unknown, limits: FilterLimits): ParsedFilter {
  assertFilterFits(input, limits);
  try {
    return { valid: true, root: parseNode(input ?? {}) };
  } catch (error) {
    if (error instanceof Invalid) return { valid: false, reason: error.reason };
    throw error;
  }
}

/** Ends the parsing of a filter, however deep it stands. */
class Invalid extends Error {
  readonly reason: InvalidReason;

  constructor(reason: InvalidReason) {
    super(reason);
    this.reason = reason;
  }
}

const BAD_GROUP: InvalidReason = "and, or or not over something else than filters";
const BAD_VALUE: InvalidReason = "a value that does not fit its operator";

/** Recursive, as all below: for input whose depth was checked. */
function parseNode(input: unknown): FilterNode {
  if (!isJsonObject(input)) throw new Invalid("a filter that is no object");
  const nodes = Object.entries(input).map(([key, value]) => parseMember(key, value));
  const [first] = nodes;
  if (first === undefined) return { kind: "empty" };
  return nodes.length === 1 ? first : { kind: "all", of: nodes };
}

function parseMember(key: string, value: unknown): FilterNode {
  switch (key) {
    case "and":
      return { kind: "all", of: parseList(value) };
    case "or":
      // An object in place of the list is, in Twenty's API, all of its members.
      return isJsonObject(value) ? parseNode(value) : anyOf(parseList(value));
    case "not":
      if (!isJsonObject(value)) throw new Invalid(BAD_GROUP);
      return isEmptyObject(value) ? EVERYTHING : { kind: "not", of: parseNode(value) };
    default:
      return parseCondition(key, value);
  }
}

const EVERYTHING: FilterNode = { kind: "constant", matches: true };

/** Any of nothing is, in Twenty, everything. */
function anyOf(of: readonly FilterNode[]): FilterNode {
  return of.length === 0 ? EVERYTHING : { kind: "any", of };
}

function parseList(value: unknown): FilterNode[] {
  if (!Array.isArray(value)) throw new Invalid(BAD_GROUP);
  return value.map(parseNode);
}

function parseCondition(field: string, value: unknown): Condition {
  if (!isJsonObject(value)) throw new Invalid(BAD_VALUE);
  const operators = new Map<Operator, Operand>();
  const subFields = new Map<string, Operators>();
  for (const [key, member] of Object.entries(value)) {
    if (isOperator(key)) operators.set(key, parseOperand(key, member));
    else if (isJsonObject(member) || member === null) subFields.set(key, parseOperators(member ?? {}));
    else throw unknownOperator(key);
  }
  return { kind: "condition", field, operators, subFields };
}

function parseOperators(input: JsonObject): Operators {
  const operators = new Map<Operator, Operand>();
  for (const [key, member] of Object.entries(input)) {
    if (!isOperator(key)) throw unknownOperator(key);
    operators.set(key, parseOperand(key, member));
  }
  return operators;
}

function parseOperand(operator: Operator, value: unknown): Operand {
  switch (operator) {
    case "is":
      if (value === "NULL" || value === "NOT_NULL") return value;
      break;
    case "in":
    case "containsAny":
      if (Array.isArray(value)) return value.map(parseScalar);
      break;
    case "like":
    case "ilike":
    case "startsWith":
    case "containsIlike":
    case "search":
      if (typeof value === "string") return value;
      break;
    default:
      return parseScalar(value);
  }
  throw new Invalid(BAD_VALUE);
}

function parseScalar(value: unknown): Scalar | CallerReference {
  if (isScalar(value)) return value;
  if (isJsonObject(value) && Object.keys(value).length === 1 && Object.hasOwn(value, "$caller")) {
    const caller = CALLER_VALUES.find((name) => name === value.$caller);
    if (caller !== undefined) return { caller };
  }
  throw new Invalid(BAD_VALUE);
}

function isEmptyObject(value: JsonObject): boolean {
  return Object.keys(value).length === 0;
}

function isOperator(key: string): key is Operator {
  return OPERATORS.some((operator) => operator === key);
}

function unknownOperator(key: string): Invalid {
  return new Invalid(key === "regex" || key === "iregex" ? "regex or iregex" : "an unknown operator");
}
