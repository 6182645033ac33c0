import fc from "fast-check";
import {
  buildSchema,
  executeSubscriptionEvent,
  GraphQLObjectType,
  parse,
  type ValidatedSubscriptionArgs,
  validate,
  validateSubscriptionArgs,
} from "graphql";
import { describe, expect, it } from "vitest";
import { compileProjection, type Projection } from "../../../src/core/operation/project-result.ts";
import { SharedTexts, SharedValue } from "../../../src/core/operation/shared-value.ts";
import { utf8Size } from "../../../src/core/text-size.ts";
import { anySelection } from "../../support/any-selection.ts";

const SCHEMA = buildSchema(`
scalar JSON
enum Color { RED GREEN }
interface Named { name: String }
type Part implements Named { name: String size: Int! color: Color parts: [Part!] }
type Whole implements Named { name: String! part: Part partList: [[Part]!] colors: [Color!]! data: JSON any: Either with(a: Int): Int }
union Either = Part | Whole
type Query { a: Int }
type Subscription { whole: Whole! maybe: Whole }
`);

function executionOf(source: string, variableValues: Record<string, unknown> = {}): ValidatedSubscriptionArgs {
  const execution = validateSubscriptionArgs({ schema: SCHEMA, document: parse(source), variableValues });
  if (!("schema" in execution)) throw new Error(`${execution}`);
  return execution;
}

function projectionOf(execution: ValidatedSubscriptionArgs): Projection | undefined {
  return compileProjection(execution).project;
}

function projected(projection: Projection | undefined, rootValue: unknown): string | undefined {
  try {
    const { text, bytes } = projection?.(rootValue) ?? {};
    if (text !== undefined && bytes !== undefined) expect(bytes).toBe(utf8Size(text));
    return text;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "AssertionError") throw thrown;
    return undefined;
  }
}

const fragmentsOf = (type: string) => (type === "Part" ? ["...P", "... on Named { name }"] : []);
const anyOperation = anySelection(
  SCHEMA.getSubscriptionType(),
  3,
  fragmentsOf,
  "{ __typename ... on Part { size } }",
).map((selection) => `subscription ($flag: Boolean!) ${selection} fragment P on Part { size named: name }`);

function isValid(source: string): boolean {
  return validate(SCHEMA, parse(source)).every(({ message }) => message.includes("never used"));
}

describe("a projection", () => {
  it("makes what graphql-js makes, or nothing, for any operation and any value", () => {
    let compared = 0;
    let left = 0;
    fc.assert(
      fc.property(anyOperation, fc.boolean(), anyValue(4), (source, flag, value) => {
        if (!isValid(source)) return;
        const execution = executionOf(source, { flag });
        const rootValue = { whole: value, maybe: value };
        const expected = executeSubscriptionEvent({ ...execution, rootValue });
        const data = projected(projectionOf(execution), rootValue);
        if (data === undefined) left++;
        else {
          compared++;
          expect(`{"data":${data}}`).toBe(JSON.stringify(expected));
        }
      }),
      { numRuns: 3_000, seed: 20261124 },
    );
    expect(compared).toBeGreaterThan(300);
    expect(left).toBeGreaterThan(300);
  });

  it("makes the same of values that stand in the results of several operations", () => {
    let compared = 0;
    const some = fc.tuple(
      fc.array(anyOperation, { minLength: 1, maxLength: 3 }),
      fc.array(anyValue(4), { maxLength: 3 }),
    );
    fc.assert(
      fc.property(some, ([sources, values]) => {
        const projections = sources.filter(isValid).flatMap((source) =>
          [true, false].map((flag) => {
            const execution = executionOf(source, { flag });
            return { execution, ...compileProjection(execution, ["Part", "Whole"]) };
          }),
        );
        const texts = new SharedTexts();
        const shared = values.map((value) => ({ value, shared: sharing(value, texts) }));
        // Twice, so that what is there already is taken.
        for (const { execution, project } of [...projections, ...projections]) {
          for (const { value, shared: whole } of shared) {
            const expected = executeSubscriptionEvent({ ...execution, rootValue: { whole: value, maybe: value } });
            const data = projected(project, { whole, maybe: whole });
            if (data === undefined) continue;
            compared++;
            expect(`{"data":${data}}`).toBe(JSON.stringify(expected));
          }
        }
      }),
      { numRuns: 1_000, seed: 20261124 },
    );
    expect(compared).toBeGreaterThan(1_000);
  });

  it.each([
    ["nothing", "{ whole { name } }", false],
    ["a literal", "{ whole { name @skip(if: true) colors @include(if: true) } }", false],
    ["a variable on a field", "($flag: Boolean!) { whole { name colors @include(if: $flag) } }", true],
    ["a variable on a fragment", "($flag: Boolean!) { ... @skip(if: $flag) { whole { name } } whole { name } }", true],
    [
      "a variable in a fragment",
      "($flag: Boolean!) { whole { ...W } } fragment W on Whole { name colors @skip(if: $flag) }",
      true,
    ],
  ])("is for all who run an operation with %s, or is not", (_, source, hangsOnVariables) => {
    const execution = executionOf(`subscription ${source}`, { flag: true });
    expect(compileProjection(execution)).toMatchObject({ hangsOnVariables, project: expect.any(Function) });
  });

  it.each([
    ["plain fields", "{ whole { name colors data } }"],
    [
      "aliases and fields that are asked for twice",
      "{ w: whole { n: name part { size } } w: whole { part { name } } }",
    ],
    [
      "fragments",
      "{ ...W } fragment W on Subscription { whole { ...N ... on Whole { colors } } } fragment N on Named { name }",
    ],
    ["lists of lists", "{ whole { partList { parts { size } } } }"],
    ["__typename", "{ whole { __typename part { __typename } } }"],
    ["@skip and @include", "{ whole { name @skip(if: true) colors @include(if: true) } }"],
  ])("is there for %s", (_, selection) => {
    expect(projectionOf(executionOf(`subscription ${selection}`))).toBeDefined();
  });

  it.each([
    ["an abstract type", "{ whole { any { ... on Part { size } } } }"],
    ["a field with arguments", "{ whole { with(a: 1) } }"],
    ["an alias that no plain object can have", "{ whole { __proto__: name } }"],
  ])("is not there for %s", (_, selection) => {
    expect(projectionOf(executionOf(`subscription ${selection}`))).toBeUndefined();
  });

  it("is not there for a field with a resolver", () => {
    const schema = buildSchema("type Query { a: Int } type Subscription { a: Int }");
    const type = schema.getType("Subscription");
    if (type instanceof GraphQLObjectType) Object.assign(type.getFields()["a"] ?? {}, { resolve: () => 1 });
    const execution = validateSubscriptionArgs({ schema, document: parse("subscription { a }") });
    expect("schema" in execution && projectionOf(execution)).toBeUndefined();
  });

  it.each([
    ["a null where none may be", { whole: { name: null } }],
    ["no object", { whole: "text" }],
    ["an error", { whole: { name: new Error("no") } }],
    ["a function", { whole: { name: () => "called" } }],
    ["a promise", { whole: { name: Promise.resolve("later") } }],
    ["a text that is no enum value", { whole: { name: "a", colors: ["BLUE"] } }],
    ["a list that is none", { whole: { name: "a", colors: "RED" } }],
  ])("leaves %s to graphql-js", (_, rootValue) => {
    const projection = projectionOf(executionOf("subscription { whole { name colors } }"));
    expect(projection).toBeDefined();
    expect(() => projection?.(rootValue)).toThrow();
  });
});

/** Values that fit somewhere, and values that fit nowhere. */
function anyValue(depth: number): fc.Arbitrary<unknown> {
  const leaf = fc.constantFrom<unknown>(
    "text",
    "é漢🚰",
    "RED",
    "GREEN",
    1,
    2.5,
    0,
    true,
    null,
    undefined,
    [],
    {},
    ["RED"],
    "RED",
  );
  if (depth === 0) return leaf;
  const below = anyValue(depth - 1);
  const part = fc.record({
    name: fc.constantFrom("a", "é漢"),
    size: fc.constantFrom<unknown>(1, 2, 3, 4, "x"),
    color: leaf,
    parts: fc.array(below, { maxLength: 2 }),
  });
  const whole = fc.record(
    {
      name: fc.constantFrom<unknown>("a", "b", "c", null),
      part: fc.oneof(part, part, below),
      partList: fc.oneof(fc.array(fc.array(part, { maxLength: 2 }), { maxLength: 2 }), below),
      colors: fc.oneof(fc.constant(["RED", "GREEN"]), fc.constant([]), leaf),
      data: fc.oneof(fc.jsonValue(), leaf),
      any: below,
      with: leaf,
    },
    { requiredKeys: ["name", "colors"] },
  );
  return fc.oneof({ weight: 6, arbitrary: whole }, { weight: 1, arbitrary: part }, { weight: 1, arbitrary: leaf });
}

/** The same value with its objects shared. */
function sharing(value: unknown, texts: SharedTexts): unknown {
  if (Array.isArray(value)) return value.map((item) => sharing(item, texts));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => {
    return [name, name === "data" ? member : sharing(member, texts)];
  });
  return new SharedValue(Object.fromEntries(members), texts);
}
