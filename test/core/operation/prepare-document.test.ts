import { visit } from "graphql";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import {
  type DocumentLimits,
  httpDocumentLimits,
  parseWithinLimits,
  prepareDocument,
  selectOperation,
  socketDocumentLimits,
} from "../../../src/core/operation/prepare-document.ts";

const LIMITS = socketDocumentLimits(DEFAULT_LIMITS);

const prepare = (source: string, limits: DocumentLimits = LIMITS) => prepareDocument(catalogue.schema, source, limits);
const codesOf = (source: string, limits: DocumentLimits = LIMITS) =>
  prepare(source, limits).errors?.map(({ extensions }) => extensions.code);

/** Without the schema, which has no fields that nest. */
function parseCode(source: string, limits: DocumentLimits = LIMITS) {
  try {
    parseWithinLimits(source, limits);
  } catch (thrown) {
    return (thrown as { extensions: { code: string } }).extensions.code;
  }
  return undefined;
}

/** Generous, for a busy machine: what is meant is that nothing is quadratic or worse. */
const FAST_MS = 1_000;

function timed<Result>(run: () => Result): Result {
  const began = performance.now();
  const result = run();
  expect(performance.now() - began).toBeLessThan(FAST_MS);
  return result;
}

const tokens = (count: number) => `{ ${Array.from({ length: count - 2 }, (_, i) => `a${i}`).join(" ")} }`;
const nested = (levels: number) => `${"{a".repeat(levels)}${"}".repeat(levels)}`;
const fragments = (count: number) => {
  const names = Array.from({ length: count }, (_, i) => `F${i}`);
  const definitions = names.map((name) => `fragment ${name} on Query { gatewayVersion }`);
  return `{ ${names.map((name) => `...${name}`).join(" ")} } ${definitions.join(" ")}`;
};

describe("prepareDocument", () => {
  it("gives back a document that passed every check", () => {
    expect(prepare("{ gatewayVersion }").document?.kind).toBe("Document");
  });

  it.each([
    ["nothing", ""],
    ["white space and a comment", " \n# nothing"],
    ["no GraphQL", "onDbEvent"],
    ["an open brace", "{ gatewayVersion"],
    ["a brace too many", "{ gatewayVersion }}"],
    ["an open string", '{ a(b: "'],
    ["a character that GraphQL does not have", "{ a% }"],
    ["a bad escape", '{ a(b: "\\q") }'],
    ["half a surrogate pair", "{ a \ud800 }"],
  ])("[OP-6] refuses %s as GRAPHQL_PARSE_FAILED", (_, source) => {
    expect(codesOf(source)).toEqual(["GRAPHQL_PARSE_FAILED"]);
  });

  it.each([
    ["an unknown field", "{ nothing }"],
    ["an unknown argument", "{ gatewayVersion(a: 1) }"],
    ["a field without its selection", "subscription { onDbEvent(input: {}) }"],
    ["a missing argument", "subscription { onDbEvent { record } }"],
    ["an unknown action", "subscription { onDbEvent(input: { action: updated }) { record } }"],
    ["a variable that is not declared", "subscription { onDbEvent(input: $input) { record } }"],
    ["a fragment that refers to itself", "{ ...A } fragment A on Query { ...A gatewayVersion }"],
    ["fragments that refer to each other", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"],
    ["a definition of a type", "type A { b: Int } { gatewayVersion }"],
    ["@defer", "{ ... @defer { gatewayVersion } }"],
    ["two root fields", "subscription { a: onDbEvent(input: {}) { record } b: onDbEvent(input: {}) { record } }"],
    ["__typename as the root field", "subscription { __typename }"],
  ])("[OP-7] refuses %s as GRAPHQL_VALIDATION_FAILED", (_, source) => {
    expect(new Set(codesOf(source))).toEqual(new Set(["GRAPHQL_VALIDATION_FAILED"]));
  });

  it("says where a mistake is, and ten of them at most", () => {
    const [error] = prepare("{ gatewayVersion\n  nothing }").errors ?? [];
    expect(error?.toJSON()).toMatchObject({ locations: [{ line: 2, column: 3 }] });
    expect(codesOf(`{${" nothing".repeat(20)}}`)?.length).toBeLessThanOrEqual(11);
  });
});

describe("what is kept of a document", () => {
  const prepared = (source: string) => {
    const result = prepare(source);
    if (result.document === undefined) throw new Error("The document should be valid.");
    return result;
  };

  it("are no locations, which would hold every token", () => {
    let nodes = 0;
    visit(prepared("{ gatewayVersion ... @include(if: true) { __typename } }").document, {
      enter(node) {
        expect(node.loc).toBeUndefined();
        nodes++;
      },
    });
    expect(nodes).toBeGreaterThan(5);
  });

  it.each(["{ gatewayVersion nothing }", "{", "{ a ...A ...A }"])("is nothing of one that failed (%#)", (source) => {
    const { errors = [] } = prepare(source);
    expect(errors.map(({ nodes }) => nodes)).toEqual(errors.map(() => undefined));
    expect(errors.every(({ locations }) => (locations?.length ?? 0) > 0)).toBe(true);
  });

  it("is charged by its tokens, and by its text", () => {
    const { bytes } = prepared("{ gatewayVersion }");
    expect(prepared("{ gatewayVersion __typename }").bytes).toBe(bytes + 160 + " __typename".length);
    expect(prepared("{ gatewayVersion   }").bytes).toBe(bytes + 2);
  });

  it("is charged by its text and messages when it failed", () => {
    const name = "x".repeat(10_000);
    expect(prepare(`{ ${name} }`).bytes).toBeGreaterThan(20_000);
    expect(prepare("{ x }").bytes).toBeLessThan(1_000);
  });

  it.each([
    ["{ __schema { description } }", true],
    ['{ gatewayVersion ...A } fragment A on Query { a: __type(name: "Query") { name } }', true],
    ["{ __typename gatewayVersion }", false],
    ["subscription { onDbEvent(input: {}) { record } }", false],
  ])("tells whether it asks for the schema (%#)", (source, asksForSchema) => {
    expect(prepared(source).asksForSchema).toBe(asksForSchema);
  });
});

describe("the limits of a document", () => {
  it("[LIMIT-7] are its tokens, both sides", () => {
    expect(parseCode(tokens(2_000))).toBeUndefined();
    expect(parseCode(tokens(2_001))).toBe("DOCUMENT_TOO_LARGE");
    expect(codesOf(tokens(2_001))).toEqual(["DOCUMENT_TOO_LARGE"]);
  });

  it("[LIMIT-17] are more tokens over HTTP, both sides", () => {
    const limits = httpDocumentLimits(DEFAULT_LIMITS);
    expect(parseCode(tokens(15_000), limits)).toBeUndefined();
    expect(parseCode(tokens(15_001), limits)).toBe("DOCUMENT_TOO_LARGE");
    expect(limits).toMatchObject({ fragments: LIMITS.fragments, depth: LIMITS.depth });
  });

  it("[LIMIT-8] are its fragments, both sides", () => {
    expect(codesOf(fragments(30))).toBeUndefined();
    expect(codesOf(fragments(31))).toEqual(["DOCUMENT_TOO_LARGE"]);
    expect(codesOf(fragments(1), { ...LIMITS, fragments: 0 })).toEqual(["DOCUMENT_TOO_LARGE"]);
  });

  it("[LIMIT-9] are the levels of its fields, both sides", () => {
    expect(parseCode(nested(20))).toBeUndefined();
    expect(parseCode(nested(21))).toBe("DOCUMENT_TOO_DEEP");
  });

  it("[LIMIT-31] are the fields that one place of the answer is made of, both sides", () => {
    const repeated = (count: number) => `{ ${"a ".repeat(count)} }`;
    expect(parseCode(repeated(40))).toBeUndefined();
    expect(parseCode(repeated(41))).toBe("DOCUMENT_TOO_LARGE");
  });

  it.each([
    ["in fragments, once each", "{ a ...A ...A ... { a ...A } } fragment A on Q { a }", 3],
    ["below equal fields together", "{ a { b } a { b } ...A } fragment A on Q { a { b b } }", 4],
    ["of one alias together", "{ a: b a: b b }", 2],
    ["in other places apart", "{ a { a } b { a } c { a } }", 1],
    ["in other operations apart", "query A { a } query B { a }", 1],
  ])("[LIMIT-31] count %s", (_, source, repeats) => {
    expect(parseCode(source, { ...LIMITS, repeats })).toBeUndefined();
    expect(parseCode(source, { ...LIMITS, repeats: repeats - 1 })).toBe("DOCUMENT_TOO_LARGE");
  });

  it("[LIMIT-31] leave room for clients that add __typename and id to each of 30 fragments", () => {
    const names = Array.from({ length: 30 }, (_, i) => `F${i}`);
    const spreads = names.map((name) => `...${name}`).join(" ");
    const definitions = names.map((name) => `fragment ${name} on Person { __typename id ${name} { __typename id } }`);
    const source = `query { people { __typename id ${spreads} } } ${definitions.join(" ")}`;
    expect(parseCode(source)).toBeUndefined();
  });

  it("[LIMIT-7] are the selections too, its fragments written out", () => {
    const spreads = (count: number) => {
      const uses = Array.from({ length: count }, (_, i) => `a${i} { ...A }`).join(" ");
      return `{ ${uses} } fragment A on Q { ${Array.from({ length: 98 }, (_, i) => `b${i}`).join(" ")} }`;
    };
    expect(parseCode(spreads(20))).toBeUndefined();
    expect(parseCode(spreads(21))).toBe("DOCUMENT_TOO_LARGE");
  });

  it.each([
    ["through fragments", "{ a { ...A } } fragment A on Q { b { ...B } } fragment B on Q { c }", 3],
    ["in the deepest operation", "query A { a } query B { a { b { c { d } } } }", 4],
    ["without inline fragments, which are no level", "{ ... { ... on Q { a { ... { b } } } } }", 2],
    ["through a fragment that is used on several levels", "{ ...A a { ...A } } fragment A on Q { b { c } }", 3],
    ["of what is not used as well", "{ a } fragment A on Q { a { a { a } } }", 3],
  ])("[LIMIT-9] count levels %s", (_, source, levels) => {
    expect(parseCode(source, { ...LIMITS, depth: levels })).toBeUndefined();
    expect(parseCode(source, { ...LIMITS, depth: levels - 1 })).toBe("DOCUMENT_TOO_DEEP");
  });

  it("leave values room to nest", () => {
    const list = (levels: number) => `{ a(b: ${"[".repeat(levels)}1${"]".repeat(levels)}) }`;
    expect(parseCode(list(60))).toBeUndefined();
    expect(parseCode(list(100))).toBe("DOCUMENT_TOO_DEEP");
  });
});

describe("hostile documents", () => {
  it.each<[string, string, string]>([
    ["1,000 levels of fields", `${"{a".repeat(999)}{a}${"}".repeat(999)}`, "DOCUMENT_TOO_DEEP"],
    ["100,000 levels of fields", "{a".repeat(100_000), "DOCUMENT_TOO_DEEP"],
    ["1,000 levels of inline fragments", `{${"...{".repeat(660)}a`, "DOCUMENT_TOO_DEEP"],
    ["1,000 levels of lists", `{a(b:${"[".repeat(1_000)}`, "DOCUMENT_TOO_DEEP"],
    ["1,000 levels of objects", `{a(b:${"{c:".repeat(600)}`, "DOCUMENT_TOO_DEEP"],
    ["1,000 levels of list types", `query($a:${"[".repeat(1_000)}`, "DOCUMENT_TOO_DEEP"],
    ["300 sibling fragments", fragments(300), "DOCUMENT_TOO_LARGE"],
    ["300 sibling fragments within the tokens", fragments(200), "DOCUMENT_TOO_LARGE"],
    ["100,000 tokens", tokens(100_000), "DOCUMENT_TOO_LARGE"],
    ["100,000 closing braces", "}".repeat(100_000), "DOCUMENT_TOO_LARGE"],
    ["an open string of 256 KiB", `{a(b:"${"x".repeat(262_000)}`, "GRAPHQL_PARSE_FAILED"],
  ])("%s end with a code, and soon", (_, source, code) => {
    expect(timed(() => codesOf(source))).toEqual([code]);
  });

  it.each<[string, string]>([
    ["a field 1,998 times", `{${" gatewayVersion".repeat(1_998)}}`],
    ["a field 490 times in inline fragments", `{${" ...{gatewayVersion}".repeat(490)}}`],
    [
      "a field 41 times in a fragment of no use",
      `{ gatewayVersion } fragment A on Query {${" gatewayVersion".repeat(41)}}`,
    ],
    ["490 equal objects with one field", `{${" __schema{description}".repeat(490)}}`],
    ["a field in each of many equal objects", `{${" __schema{description description}".repeat(21)}}`],
    ["fragments that double below fields", doubling((next) => `a:ofType{${next}} b:ofType{${next}}`)],
    ["operations that share a large fragment", sharing(90)],
  ])("%s are refused before they are validated", (_, source) => {
    const [error, ...others] = prepare(source, { ...LIMITS, aliases: 2_000 }).errors ?? [];
    expect(error?.extensions).toEqual({ code: "DOCUMENT_TOO_LARGE" });
    expect(others).toEqual([]);
  });

  it("fragments that double in one place are in it once", () => {
    expect(codesOf(doubling((next) => `${next} ${next}`))).toBeUndefined();
  });

  it.each<[string, string]>([
    ["a field as often as it may be selected", `{${" gatewayVersion".repeat(40)}}`],
    [
      "a field under 30 aliases, as many as there may be",
      `{${Array.from({ length: 30 }, (_, i) => ` a${i}:gatewayVersion`).join("")}}`,
    ],
    [
      "490 inline fragments",
      `{${" ...{nothing}".repeat(40)}${" ...{...A}".repeat(300)}} fragment A on Query { gatewayVersion }`,
    ],
    ["one fragment 900 times", `{${" ...A".repeat(900)}} fragment A on Query { gatewayVersion }`],
    ["400 operations", Array.from({ length: 400 }, (_, i) => `query q${i} { gatewayVersion }`).join(" ")],
    ["480 variables", `query(${Array.from({ length: 480 }, (_, i) => `$v${i}:Int`).join(" ")}) { gatewayVersion }`],
    ["a directive 280 times", `{ gatewayVersion${" @include(if: true)".repeat(280)} }`],
    ["a value in 60 lists", `subscription { onDbEvent(input: ${"[".repeat(60)}1${"]".repeat(60)}) { record } }`],
    ["a list of 1,900 values", `subscription { onDbEvent(input: [${" 1".repeat(1_900)}]) { record } }`],
    ["240 KiB of comments", `{ gatewayVersion ${"#\n".repeat(120_000)} }`],
    ["30 fragments that all use each other", tangle(30, 15)],
  ])("%s are looked at soon", (_, source) => {
    const codes = new Set(timed(() => codesOf(source)) ?? ["GRAPHQL_VALIDATION_FAILED"]);
    expect(codes).toEqual(new Set(["GRAPHQL_VALIDATION_FAILED"]));
  });
});

describe("selectOperation", () => {
  const document = parseWithinLimits("query A { a } subscription B { b } fragment C on Q { c }", LIMITS);
  const single = parseWithinLimits("query A { a }", LIMITS);

  it.each([
    ["by its name", document, "B", "subscription"],
    ["alone, without a name asked for", single, undefined, "query"],
    ["alone, by its name", single, "A", "query"],
  ])("finds an operation %s", (_, from, name, operation) => {
    expect(selectOperation(from, name)).toMatchObject({ operation });
  });

  it.each([
    ["several operations and no name", document, undefined],
    ["an unknown name", document, "D"],
    ["the name of a fragment", document, "C"],
    ["another case of letters", single, "a"],
    ["an empty name", single, ""],
    ["no operation at all", parseWithinLimits("fragment C on Q { c }", LIMITS), undefined],
  ])("[OP-9] fails for %s", (_, from, name) => {
    expect(selectOperation(from, name)).toMatchObject({ extensions: { code: "OPERATION_RESOLUTION_FAILURE" } });
  });
});

/** Fragments each of which spreads the next one twice. */
function doubling(twice: (spread: string) => string): string {
  const definitions = Array.from({ length: 15 }, (_, i) => `fragment F${i} on __Type { ${twice(`...F${i + 1}`)} }`);
  return `{ __type(name: "Query") { ...F0 } } ${definitions.join(" ")} fragment F15 on __Type { name }`;
}

/** Operations that spread the same fragment of 30 fields. */
function sharing(count: number): string {
  const operations = Array.from({ length: count }, (_, i) => `query q${i} { ...A }`);
  return `${operations.join(" ")} fragment A on Query {${" gatewayVersion".repeat(30)}}`;
}

/** Fragments in a ring, each of which spreads the next few. */
function tangle(count: number, spreads: number): string {
  const definitions = Array.from({ length: count }, (_, i) => {
    const spread = Array.from({ length: spreads }, (_, j) => `...F${(i + j + 1) % count}`);
    return `fragment F${i} on Query { ${spread.join(" ")} gatewayVersion }`;
  });
  return `{ ...F0 } ${definitions.join(" ")}`;
}
