import fc from "fast-check";
import {
  buildSchema,
  executeSubscriptionEvent,
  GraphQLObjectType,
  getNamedType,
  isCompositeType,
  parse,
  type ValidatedSubscriptionArgs,
  validate,
  validateSubscriptionArgs,
} from "graphql";
import { describe, expect, it } from "vitest";
import { type Projection, projectionOf } from "../../../src/core/operation/project-result.ts";

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

function projected(projection: Projection | undefined, rootValue: unknown): unknown {
  try {
    return projection?.(rootValue);
  } catch {
    return undefined;
  }
}

describe("a projection", () => {
  it("makes what graphql-js makes, or nothing, for any operation and any value", () => {
    let compared = 0;
    let left = 0;
    const everything = fc.tuple(selectionOf(SCHEMA.getSubscriptionType(), 3), fc.boolean(), anyValue(4));
    fc.assert(
      fc.property(everything, ([selection, flag, value]) => {
        const source = `subscription ($flag: Boolean!) ${selection} fragment P on Part { size named: name }`;
        if (validate(SCHEMA, parse(source)).some(({ message }) => !message.includes("never used"))) return;
        const execution = executionOf(source, { flag });
        const rootValue = { whole: value, maybe: value };
        const expected = executeSubscriptionEvent({ ...execution, rootValue });
        const data = projected(projectionOf(execution), rootValue);
        if (data === undefined) left++;
        else {
          compared++;
          expect(JSON.stringify({ data })).toBe(JSON.stringify(expected));
        }
      }),
      { numRuns: 3_000, seed: 20261124 },
    );
    expect(compared).toBeGreaterThan(300);
    expect(left).toBeGreaterThan(300);
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

/** Any selection of a type, valid more often than not. */
function selectionOf(type: unknown, depth: number): fc.Arbitrary<string> {
  if (!(type instanceof GraphQLObjectType)) return fc.constant("{ __typename ... on Part { size } }");
  const isRoot = type.name === "Subscription";
  const fields = Object.values(type.getFields()).map((field) => {
    const below = getNamedType(field.type);
    const selection =
      isCompositeType(below) && depth > 0
        ? selectionOf(below, depth - 1)
        : fc.constant(isCompositeType(below) ? "{ __typename }" : "");
    const around = fc.constantFrom("", "", "", "a: ", "name: ");
    const directive = isRoot
      ? fc.constant("")
      : fc.constantFrom("", "", "", " @include(if: $flag)", " @skip(if: $flag)");
    return fc.tuple(around, directive, selection).map(([alias, on, set]) => `${alias}${field.name}${on} ${set}`);
  });
  const fragments = type.name === "Part" ? [fc.constant("...P"), fc.constant("... on Named { name }")] : [];
  const others = isRoot ? [] : [fc.constant("__typename"), ...fragments];
  const items = fc.array(fc.oneof(...fields, ...others), { minLength: 1, maxLength: isRoot ? 1 : 4 });
  return items.map((selections) => `{ ${selections.join(" ")} }`);
}

/** Values that fit somewhere, and values that fit nowhere. */
function anyValue(depth: number): fc.Arbitrary<unknown> {
  const leaf = fc.constantFrom<unknown>(
    "text",
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
    name: fc.constantFrom("a", "b"),
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
