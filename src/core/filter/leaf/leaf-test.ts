import { isScalar, type Operand, type Operator, type Operators, type Scalar } from "../filter.ts";
import type { PrintJsonb } from "../jsonb-text.ts";

/** Whether a record matches. An error is where Twenty's matcher throws: no match, under `not` neither, and counted. */
export type Verdict = boolean | "error";

/** Judges the value of a field, which is not null. The options are those of its select or rating field. */
export type LeafTest = (value: unknown, options: SelectOptions, print: PrintJsonb) => Verdict;

export type SelectOptions = readonly unknown[] | undefined;

/** Makes the test of one operator. */
export type MakeTest = (operand: Operand) => LeafTest;

/** Makes the test of a type of field. */
export type Leaf = (operators: Operators) => LeafTest;

/** A type as the list of its operators: the first one that a condition has is its test, and none is an error. */
export function firstOf(...order: readonly (readonly [Operator, MakeTest])[]): Leaf {
  return (operators) => {
    for (const [operator, makeTest] of order) {
      const operand = operators.get(operator);
      if (operand !== undefined) return makeTest(operand);
    }
    return fails;
  };
}

export const fails: LeafTest = () => "error";
export const never: LeafTest = () => false;
export const always: LeafTest = () => true;

/** The same value of the same type. */
export const equals: MakeTest = (operand) => (isScalar(operand) ? (value) => value === operand : fails);

export const differs: MakeTest = (operand) => (isScalar(operand) ? (value) => value !== operand : fails);

export const isIn: MakeTest = (operand) => {
  const values = scalarsOf(operand);
  if (values === undefined) return fails;
  const set = new Set<unknown>(values);
  return (value) => set.has(value);
};

/** Only for a value that is there: null is judged before. */
export const isNotNull: MakeTest = (operand) => (operand === "NOT_NULL" ? always : never);

/** The values of a list without `{"$caller": …}`, which matches nothing as long as it is not bound. */
export function scalarsOf(operand: Operand): readonly Scalar[] | undefined {
  return Array.isArray(operand) && operand.every(isScalar) ? operand : undefined;
}

/** A test over strings; a value that is none is an error. */
export function overStrings(test: (text: string) => boolean): LeafTest {
  return (value) => (typeof value === "string" ? test(value) : "error");
}

/** Makes the test of an operator that takes a string. */
export function withString(makeTest: (operand: string) => LeafTest): MakeTest {
  return (operand) => (typeof operand === "string" ? makeTest(operand) : fails);
}
