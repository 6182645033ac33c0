import { assertNever } from "../errors.ts";
import { conditionsOf } from "./conditions.ts";
import {
  type CallerReference,
  type CallerValue,
  type Condition,
  type FilterNode,
  isScalar,
  type Operand,
  type Operators,
  type ParsedFilter,
  type Scalar,
} from "./filter.ts";

/** What the token of a caller says of it; a caller may lack each. */
export type Caller = { readonly [Value in CallerValue]?: string | undefined };

/** The values of a caller that a row filter asks for: they tell two callers of one role apart, and no others do. */
export function callerValuesOf(filter: ParsedFilter): ReadonlySet<CallerValue> {
  return new Set(conditionsOf(filter).flatMap((condition) => referencesOf(condition).map(({ caller }) => caller)));
}

/**
 * Puts the caller's own values in place of `{"$caller": …}`. A condition on a value that the caller does not have
 * matches nothing, not even under `not`.
 */
export function bindCaller(filter: ParsedFilter, caller: Caller): ParsedFilter {
  return filter.valid ? { valid: true, root: bindNode(filter.root, caller, false) } : filter;
}

/** `otherwise` is what a condition becomes that cannot be bound: true under an odd number of `not`, which makes it false. */
function bindNode(node: FilterNode, caller: Caller, otherwise: boolean): FilterNode {
  switch (node.kind) {
    case "empty":
    case "constant":
      return node;
    case "all":
    case "any":
      return { kind: node.kind, of: node.of.map((child) => bindNode(child, caller, otherwise)) };
    case "not":
      return { kind: "not", of: bindNode(node.of, caller, !otherwise) };
    case "condition":
      return bindCondition(node, caller) ?? { kind: "constant", matches: otherwise };
    default:
      return assertNever(node);
  }
}

function bindCondition(condition: Condition, caller: Caller): Condition | undefined {
  const references = referencesOf(condition);
  if (references.length === 0) return condition;
  if (references.some((reference) => caller[reference.caller] === undefined)) return undefined;
  const bindAll = (operators: Operators): Operators =>
    new Map(Array.from(operators, ([operator, operand]) => [operator, bindOperand(operand, caller)]));
  return {
    ...condition,
    operators: bindAll(condition.operators),
    subFields: new Map(Array.from(condition.subFields, ([name, operators]) => [name, bindAll(operators)])),
  };
}

function bindOperand(operand: Operand, caller: Caller): Operand {
  return isList(operand) ? operand.map((item) => bindItem(item, caller)) : bindItem(operand, caller);
}

function bindItem(item: Scalar | CallerReference, caller: Caller): Scalar {
  return isScalar(item) ? item : (caller[item.caller] ?? null);
}

function referencesOf({ operators, subFields }: Condition): CallerReference[] {
  const operands = [operators, ...subFields.values()].flatMap((all) => [...all.values()]);
  return operands.flatMap((operand) => (isList(operand) ? operand : [operand])).filter(isReference);
}

function isReference(item: Scalar | CallerReference): item is CallerReference {
  return !isScalar(item);
}

function isList(operand: Operand): operand is readonly (Scalar | CallerReference)[] {
  return Array.isArray(operand);
}
