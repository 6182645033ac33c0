import { buildSchema } from "graphql";
import { describe, expect, it, vi } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import type { Catalogue } from "../../../src/core/operation/catalogue.ts";
import {
  executePlan,
  type OperationPlan,
  planOperation,
  refusal,
  type SubscriptionPlan,
} from "../../../src/core/operation/plan-operation.ts";
import { prepareDocument, socketDocumentLimits } from "../../../src/core/operation/prepare-document.ts";
import { defineSubscription } from "../../../src/core/operation/subscription-field.ts";
import { OPEN_VIEWER } from "../../../src/core/permissions/viewer.ts";
import type { UserPrincipal } from "../../../src/core/principal.ts";

interface Asked {
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly from?: Catalogue;
}

const CONTEXT = {
  workspaceId: "w",
  addQuery: () => true,
  removeQuery: () => true,
} as const;

function plan(source: string, { operationName, variables = {}, from = catalogue }: Asked = {}): OperationPlan {
  const prepared = prepareDocument(from.schema, source, socketDocumentLimits(DEFAULT_LIMITS));
  const named = operationName === undefined ? {} : { operationName };
  return planOperation(from, prepared, { ...named, variables: JSON.stringify(variables) }, CONTEXT);
}

function subscriptionOf(...args: Parameters<typeof plan>): SubscriptionPlan {
  const planned = plan(...args);
  if (planned.type !== "subscription") throw new Error(`No subscription: ${JSON.stringify(planned)}`);
  return planned.plan;
}

/** The codes that an operation ends with; none when it does not end before it began. */
function codesOf(...args: Parameters<typeof plan>): readonly unknown[] {
  const planned = plan(...args);
  return planned.type === "failed" ? planned.errors.map(({ extensions }) => extensions.code) : [];
}

const ON_DB_EVENT = "subscription ($input: OnDbEventInput!) { onDbEvent(input: $input) { record } }";
const VALUE = {
  action: "UPDATED",
  objectNameSingular: "person",
  eventDate: "2026-09-01T00:00:00.000Z",
  record: { id: "1" },
  updatedFields: undefined,
};

describe("a subscription", () => {
  it("is planned with its arguments and what it wants to hear of", () => {
    const { field, args, interest } = subscriptionOf(ON_DB_EVENT, {
      variables: { input: { action: "UPDATED", recordId: null } },
    });
    expect(field.name).toBe("onDbEvent");
    expect(args).toEqual({ input: { action: "UPDATED", recordId: null } });
    expect(interest).toEqual([undefined, "UPDATED", undefined]);
  });

  it("has its variables coerced once more for its first event, and then keeps them", () => {
    const coerced: unknown[] = [];
    const schema = buildSchema("type Query { a: Int } scalar Counted type Subscription { a(of: Counted): Int }");
    Object.assign(schema.getType("Counted") ?? {}, { coerceInputValue: (value: unknown) => coerced.push(value) });
    const field = defineSubscription({ name: "a", listensTo: [], interestOf: () => [], occurrencesIn: () => [] });
    const from = { schema, subscriptions: new Map([["a", field]]), rootValue: {} };
    const made = subscriptionOf("subscription ($of: Counted) { a(of: $of) }", { variables: { of: "x" }, from });
    expect(coerced).toEqual(["x"]);
    for (const value of [1, 2]) expect(executePlan(made, value).text).toBe(`{"data":{"a":${value}}}`);
    expect([made.args, coerced]).toEqual([{ of: 2 }, ["x", "x"]]);
  });

  it.each<[string, string, Readonly<Record<string, unknown>>]>([
    ["a variable", "($a: String) { onDbEvent(input: { objectNameSingular: $a }) { record } }", { a: "person" }],
    ["a default", '($a: String = "person") { onDbEvent(input: { objectNameSingular: $a }) { record } }', {}],
    ["a literal", '{ onDbEvent(input: { objectNameSingular: "person" }) { record } }', {}],
  ])("takes its arguments from %s", (_, operation, variables) => {
    const { interest } = subscriptionOf(`subscription ${operation}`, { variables });
    expect(interest).toEqual(["person", undefined, undefined]);
  });

  it.each([
    ["under an alias", "subscription { event: onDbEvent(input: {}) { record } }", "event"],
    [
      "in an inline fragment",
      "subscription { ... { ... on Subscription { onDbEvent(input: {}) { record } } } }",
      "onDbEvent",
    ],
    [
      "in fragments",
      "subscription { ...A } fragment A on Subscription { ...B } fragment B on Subscription { onDbEvent(input: {}) { record } }",
      "onDbEvent",
    ],
    [
      "twice the same",
      "subscription { onDbEvent(input: {}) { record } ... { onDbEvent(input: {}) { record } } }",
      "onDbEvent",
    ],
    ["behind an empty fragment", "subscription { ... { } onDbEvent(input: {}) { record } }", "onDbEvent"],
  ])("[OP-11] finds its root field %s", (_, source, key) => {
    expect(executePlan(subscriptionOf(source), VALUE).text).toBe(`{"data":{"${key}":{"record":{"id":"1"}}}}`);
  });

  it.each([
    ["@skip", "subscription { onDbEvent(input: {}) @skip(if: false) { record } }"],
    ["@include", "subscription { onDbEvent(input: {}) @include(if: true) { record } }"],
    [
      "@skip within a fragment",
      "subscription { ...A } fragment A on Subscription { onDbEvent(input: {}) @skip(if: true) { record } }",
    ],
    ["@include on a fragment", "subscription { ... @include(if: true) { onDbEvent(input: {}) { record } } }"],
    ["a second field", "subscription { onDbEvent(input: {}) { record } __typename }"],
    [
      "a second field in a fragment",
      "subscription { onDbEvent(input: {}) { record } ... { b: onDbEvent(input: {}) { record } } }",
    ],
    [
      "a second field that asks for something else",
      'subscription { onDbEvent(input: {}) { record } ... { onDbEvent(input: { recordId: "1" }) { record } } }',
    ],
    ["no field", "subscription { }"],
  ])("[OP-11] may not have %s at its root", (_, source) => {
    const codes = codesOf(source);
    expect(codes).toContain("GRAPHQL_VALIDATION_FAILED");
    expect(new Set(codes).size).toBe(1);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["are missing", {}],
    ["are null", { input: null }],
    ["are no object", { input: 7 }],
    ["have an unknown member", { input: { nothing: 1 } }],
    ["have an unknown action", { input: { action: "updated" } }],
    ["have a number for a text", { input: { recordId: 1 } }],
    ["have a list for a text", { input: { recordId: ["1"] } }],
    ["have __proto__", JSON.parse('{"input":{"__proto__":{"recordId":"1"}}}')],
    ["stand in the prototype", JSON.parse('{"__proto__":{"input":{}}}')],
  ])("[OP-8] ends with BAD_USER_INPUT when its variables %s", (_, variables) => {
    expect(codesOf(ON_DB_EVENT, { variables })).toEqual(["BAD_USER_INPUT"]);
  });

  it("[OP-8] ends with BAD_USER_INPUT when a nullable variable is null where null is not allowed", () => {
    const source = "subscription ($input: OnDbEventInput = {}) { onDbEvent(input: $input) { record } }";
    expect(subscriptionOf(source).interest).toEqual([undefined, undefined, undefined]);
    expect(codesOf(source, { variables: { input: null } })).toEqual(["BAD_USER_INPUT"]);
  });

  it("takes one value where the schema has a list, and variables that it does not declare", () => {
    expect(subscriptionOf(ON_DB_EVENT, { variables: { input: {}, other: [1] } }).args).toEqual({ input: {} });
  });
});

describe("a document with several operations", () => {
  const SEVERAL = `query A { gatewayVersion } subscription B { onDbEvent(input: {}) { record } } query C { __typename }`;

  it("runs the one that operationName names", () => {
    expect(plan(SEVERAL, { operationName: "B" }).type).toBe("subscription");
    expect(plan(SEVERAL, { operationName: "C" })).toEqual({
      type: "result",
      result: { data: { __typename: "Query" } },
    });
  });

  it.each([undefined, "D", "", "__proto__"])("[OP-9] fails when operationName is %j", (operationName) => {
    const named = operationName === undefined ? {} : { operationName };
    expect(codesOf(SEVERAL, named)).toEqual(["OPERATION_RESOLUTION_FAILURE"]);
  });
});

describe("a query", () => {
  it("[OP-10] is executed at once", () => {
    expect(plan("{ gatewayVersion }")).toEqual({
      type: "result",
      result: { data: { gatewayVersion: expect.stringMatching(/^\d+\.\d+\.\d+/) } },
    });
  });

  it("may ask about the schema", () => {
    expect(plan('{ __type(name: "Subscription") { fields { name } } }')).toMatchObject({
      result: { data: { __type: { fields: expect.arrayContaining([{ name: "onDbEvent" }]) } } },
    });
    expect(codesOf(`{ __schema { types { ${"fields { type { ".repeat(4)} name ${"} } ".repeat(4)} } } }`)).toEqual([
      "GRAPHQL_VALIDATION_FAILED",
    ]);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["are missing", {}],
    ["do not fit", { skip: "no" }],
  ])("[OP-8] ends with BAD_USER_INPUT when its variables %s", (_, variables) => {
    expect(codesOf("query ($skip: Boolean!) { gatewayVersion @skip(if: $skip) }", { variables })).toEqual([
      "BAD_USER_INPUT",
    ]);
  });
});

it("passes on why a document did not pass", () => {
  expect(codesOf("{")).toEqual(["GRAPHQL_PARSE_FAILED"]);
});

describe("another catalogue", () => {
  const ticks = defineSubscription<{ every: number }>({
    name: "ticks",
    listensTo: ["channel"],
    interestOf: ({ every }) => [`${every}`],
    refuse: ({ every }, { kind }) => (every < 5 && kind === "user" ? "Users hear every fifth tick." : undefined),
    occurrencesIn: () => [],
  });
  const other: Catalogue = {
    schema: buildSchema(`
      type Query { slow: Int  broken: Int  of(n: Int! = 1): Int }
      type Mutation { set: Int }
      type Subscription { ticks(every: Int! = 10): Tick  unserved: Int }
      type Tick { n: Int!  broken: Int  slow: Int }
    `),
    rootValue: {
      slow: async () => 1,
      broken: () => {
        throw new Error("Broken.");
      },
      set: 1,
    },
    subscriptions: new Map([["ticks", ticks]]),
  };
  const user: UserPrincipal = {
    kind: "user",
    workspaceId: "w",
    userId: "u",
    userWorkspaceId: "uw",
    issuedAt: 0,
    expiresAt: 1,
  };

  it("gives arguments their defaults", () => {
    expect(subscriptionOf("subscription { ticks { n } }", { from: other }).args).toEqual({ every: 10 });
  });

  it("lets a field refuse a caller, and says why", () => {
    const refused = refusal(
      subscriptionOf("subscription { ticks(every: 1) { n } }", { from: other }),
      user,
      OPEN_VIEWER,
    );
    expect(refused?.toJSON()).toEqual({ message: "Users hear every fifth tick.", extensions: { code: "FORBIDDEN" } });
    expect(refusal(subscriptionOf("subscription { ticks { n } }", { from: other }), user, OPEN_VIEWER)).toBeUndefined();
    expect(
      refusal(subscriptionOf("subscription { onDbEvent(input: {}) { record } }"), user, OPEN_VIEWER),
    ).toBeUndefined();
  });

  it("does not run a field that nobody serves", () => {
    expect(codesOf("subscription { unserved }", { from: other })).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
  });

  it("runs mutations as queries", () => {
    expect(plan("mutation { set }", { from: other })).toEqual({ type: "result", result: { data: { set: 1 } } });
  });

  it("says what is wrong with an argument that only shows when it runs, and logs no fault of a client's", () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const { result } = plan("query ($n: Int = 1) { of(n: $n) }", {
      from: other,
      variables: { n: null },
    }) as OperationPlan & { type: "result" };
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({
      data: { of: null },
      errors: [{ message: expect.stringContaining("n"), path: ["of"], extensions: { code: "BAD_USER_INPUT" } }],
    });
    expect(logged).not.toHaveBeenCalled();
    logged.mockRestore();
  });

  it("keeps an error of a resolver within the result, and what it says out of it", () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const { result } = plan("{ broken }", { from: other }) as OperationPlan & { type: "result" };
    expect(JSON.parse(JSON.stringify(result))).toEqual({
      data: { broken: null },
      errors: [
        {
          message: "The gateway failed; the request may be repeated.",
          path: ["broken"],
          extensions: { code: "INTERNAL_SERVER_ERROR" },
        },
      ],
    });
    expect(logged).toHaveBeenCalledExactlyOnceWith({
      message: "A query or mutation failed",
      workspaceId: "w",
      error: "Broken.",
    });
    logged.mockRestore();
    expect(
      JSON.parse(executePlan(subscriptionOf("subscription { ticks { n } }", { from: other }), {}).text),
    ).toMatchObject({
      data: { ticks: null },
      errors: [{ path: ["ticks", "n"] }],
    });
  });

  it("does not take a resolver that returns a promise", () => {
    expect(() => plan("{ slow }", { from: other })).toThrow(TypeError);
    const planned = subscriptionOf("subscription { ticks { slow } }", { from: other });
    expect(() => executePlan(planned, { slow: () => Promise.resolve(1) })).toThrow(TypeError);
  });
});
