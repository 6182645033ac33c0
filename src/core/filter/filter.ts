/**
 * A filter over records of one object, as it was parsed: of a query of an event stream, or of a role's rows. Plain,
 * bounded, and without a word about field types, which come with the records.
 */
export type ParsedFilter = ValidFilter | InvalidFilter;

export interface ValidFilter {
  readonly valid: true;
  readonly root: FilterNode;
}

/** Taken as it is, and matches no record. */
export interface InvalidFilter {
  readonly valid: false;
  /** What is wrong with it, without anything that it holds. */
  readonly reason: InvalidReason;
}

export type InvalidReason =
  | "a filter that is no object"
  | "and, or or not over something else than filters"
  | "an unknown operator"
  | "regex or iregex"
  | "a value that does not fit its operator";

export type FilterNode =
  /** `{}`: matches every record that is not deleted softly. */
  | { readonly kind: "empty" }
  | { readonly kind: "all"; readonly of: readonly FilterNode[] }
  | { readonly kind: "any"; readonly of: readonly FilterNode[] }
  | { readonly kind: "not"; readonly of: FilterNode }
  | Condition
  /** What became of a condition on a value that the caller does not have. */
  | { readonly kind: "constant"; readonly matches: boolean };

/** What is asked of one field. One without operators and sub-fields asks nothing. */
export interface Condition {
  readonly kind: "condition";
  readonly field: string;
  readonly operators: Operators;
  /** The parts of a composite field; one without operators asks nothing. */
  readonly subFields: ReadonlyMap<string, Operators>;
}

/** Only the first of them is looked at, in an order that depends on the type of the field. */
export type Operators = ReadonlyMap<Operator, Operand>;

export const OPERATORS = [
  "eq",
  "neq",
  "gt",
  "gte",
  "lt",
  "lte",
  "in",
  "is",
  "like",
  "ilike",
  "startsWith",
  "containsAny",
  "containsIlike",
  "isEmptyArray",
  "search",
] as const;
export type Operator = (typeof OPERATORS)[number];

export type Scalar = string | number | boolean | null;
export type Operand = Scalar | CallerReference | readonly (Scalar | CallerReference)[];

/** `{"$caller": …}` in a row filter: stands for what the token of a caller says of it. */
export interface CallerReference {
  readonly caller: CallerValue;
}

export const CALLER_VALUES = ["userWorkspaceId", "workspaceMemberId", "userId"] as const;
export type CallerValue = (typeof CALLER_VALUES)[number];

/** A filter that asks nothing: `{}`, or none. A publisher delivers to it without looking at the record. */
export function isEmptyFilter(filter: ParsedFilter): boolean {
  return filter.valid && filter.root.kind === "empty";
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
