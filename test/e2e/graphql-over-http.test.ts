import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";

const MIB = 1024 * 1024;
const QUERY = "{ gatewayVersion }";
const workspaceId = crypto.randomUUID();

let gateway: Gateway;
let authorized: Record<string, string>;
beforeAll(async () => {
  gateway = await startGateway();
  authorized = { Authorization: `Bearer ${await gateway.token(workspaceId)}` };
});
afterAll(() => gateway.stop());

interface GraphqlAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

function post(body: unknown, headers: Record<string, string> = {}, path = "/graphql"): Promise<Response> {
  return fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { ...authorized, "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

function get(parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  const url = `${gateway.url}/graphql?${new URLSearchParams(parameters)}`;
  return fetch(url, { headers: { ...authorized, Accept: "application/json", ...headers } });
}

function postForm(fields: Record<string, string>): Promise<Response> {
  return post(`${new URLSearchParams(fields)}`, { "Content-Type": "application/x-www-form-urlencoded" });
}

async function answerOf(response: Response): Promise<GraphqlAnswer> {
  return (await response.json()) as GraphqlAnswer;
}

function codesOf({ errors = [] }: GraphqlAnswer) {
  return errors.map(({ extensions }) => extensions?.code);
}

/** Fields in fields; the schema is the only deep thing to ask about. */
function queryOfDepth(depth: number): string {
  const inner = depth - 5;
  return `{ __schema { types { fields { type { ${"ofType { ".repeat(inner)}name${" }".repeat(inner)} } } } } }`;
}

/** Aliases of a field; three tokens each. */
function queryOfTokens(tokens: number): string {
  const aliases = Math.floor((tokens - 2) / 3);
  return `{${Array.from({ length: aliases }, (_, i) => ` a${i}:gatewayVersion`).join("")} }`;
}

describe("a query", () => {
  const expected = { data: { gatewayVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/) } };

  test.each(["/graphql", "/metadata"])("[HTTP-1] by POST at %s is answered with its data", async (path) => {
    const response = await post({ query: QUERY }, {}, path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(expected);
  });

  test("[HTTP-1] by GET is answered with its data", async () => {
    const response = await get({
      query: "query Version { gatewayVersion }",
      operationName: "Version",
      variables: "{}",
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(expected);
  });

  test.each(["application/graphql-response+json", "application/json"])(
    "[HTTP-1] that accepts %s gets that media type",
    async (type) => {
      const response = await post({ query: QUERY }, { Accept: type });
      expect(response.headers.get("Content-Type")).toMatch(type);
      expect(await response.json()).toEqual(expected);
    },
  );

  test("[HTTP-1] that does not validate is 400 as application/graphql-response+json, and 200 as application/json", async () => {
    const answers = await Promise.all(
      ["application/graphql-response+json", "application/json"].map((Accept) =>
        post({ query: "{ nothing }" }, { Accept }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([400, 200]);
    for (const response of answers) {
      const answer = await answerOf(response);
      expect(answer).not.toHaveProperty("data");
      expect(codesOf(answer)).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
    }
  });

  test("[HTTP-1] that does not parse says where", async () => {
    const answer = await answerOf(await post({ query: "{ gatewayVersion" }));
    expect(codesOf(answer)).toEqual(["GRAPHQL_PARSE_FAILED"]);
    expect(answer.errors?.[0]).toHaveProperty("locations");
  });

  test("[HTTP-1] may ask for the schema", async () => {
    const query = '{ __schema { subscriptionType { fields { name } } } __type(name: "OnDbEvent") { kind } }';
    expect(await answerOf(await post({ query }))).toEqual({
      data: {
        __schema: { subscriptionType: { fields: expect.arrayContaining([{ name: "onDbEvent" }]) } },
        __type: { kind: "OBJECT" },
      },
    });
  });

  test("[HTTP-15] that is only named is 400: no documents are persisted here", async () => {
    for (const response of [await post({ documentId: "a" }), await get({ documentId: "a" })]) {
      expect(response.status).toBe(400);
      expect(codesOf(await answerOf(response))).toEqual(["PERSISTED_QUERY_NOT_SUPPORTED"]);
    }
  });

  test("[HTTP-1] in a batch is refused: batching is off", async () => {
    const response = await post([{ query: QUERY }, { query: QUERY }]);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(await response.text()).not.toContain('"gatewayVersion"');
  });

  test.each([
    ["no query", {}],
    ["a query that is no string", { query: 1 }],
    ["variables that are no object", { query: QUERY, variables: "x" }],
    ["text that is no JSON", "{"],
    ["nothing", ""],
  ])("[HTTP-1] with %s is 400", async (_, body) => {
    const response = await post(body, { Accept: "application/graphql-response+json" });
    expect(response.status).toBe(400);
    expect((await answerOf(response)).errors).toHaveLength(1);
  });
});

describe("a query whose parameters are wrong", () => {
  test.each<[string, (json: string) => Promise<Response>]>([
    ["variables of a GET", (variables) => get({ query: QUERY, variables })],
    ["extensions of a GET", (extensions) => get({ query: QUERY, extensions })],
    ["variables of a form", (variables) => postForm({ query: QUERY, variables })],
  ])("[HTTP-4] is 400 BAD_REQUEST where the %s are no JSON", async (_, send) => {
    const response = await send("{bad");
    expect(response.status).toBe(400);
    expect(codesOf(await answerOf(response))).toEqual(["BAD_REQUEST"]);
    expect((await send("")).status).toBe(200);
  });

  test.each([
    ["are missing", undefined],
    ["do not fit", { name: 1 }],
    ["are null where that is not allowed", { name: null }],
  ])("[HTTP-4] is 400 BAD_USER_INPUT where its variables %s", async (_, variables) => {
    const query = "query ($name: String!) { __type(name: $name) { kind } }";
    const response = await post({ query, variables }, { Accept: "application/graphql-response+json" });
    expect(response.status).toBe(400);
    const answer = await answerOf(response);
    expect(answer).not.toHaveProperty("data");
    expect(codesOf(answer)).toEqual(["BAD_USER_INPUT"]);
  });

  test("[HTTP-4] has BAD_USER_INPUT in its result where an argument is null only by its variable", async () => {
    const query = 'query ($name: String = "Query") { __type(name: $name) { kind } }';
    const answer = await answerOf(await post({ query, variables: { name: null } }));
    expect(answer).toMatchObject({ data: { __type: null } });
    expect(codesOf(answer)).toEqual(["BAD_USER_INPUT"]);
  });
});

describe("an address", () => {
  test("[HTTP-5] in another spelling is none of the GraphQL paths", async () => {
    const response = await post({ query: QUERY }, {}, "/gr%61phql");
    expect(response.status).toBe(404);
    expect(codesOf(await answerOf(response))).toEqual(["NOT_FOUND"]);
  });

  test("[HTTP-1] may end as it likes", async () => {
    const response = await post({ query: QUERY }, {}, "/graphql?from=/healthz");
    expect(await response.json()).toHaveProperty("data");
  });
});

describe("a mutation", () => {
  test("[HTTP-1] by GET is 405", async () => {
    const response = await get({ query: "mutation { nothing }" });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("POST");
  });
});

describe("a type", () => {
  test("[HTTP-4] that no answer has is 406, and a body of one that is not read 415, each with its reason", async () => {
    const answers = [
      await post({ query: QUERY }, { Accept: "image/png" }),
      await get({ query: QUERY }, { Accept: "image/png" }),
      await post("<query/>", { "Content-Type": "application/xml" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([406, 406, 415]);
    const codes = await Promise.all(answers.map(async (answer) => codesOf(await answerOf(answer))));
    expect(codes.flat()).toEqual(["NOT_ACCEPTABLE", "NOT_ACCEPTABLE", "UNSUPPORTED_MEDIA_TYPE"]);
  });
});

describe("a subscription", () => {
  const query = "subscription { onDbEvent(input: {}) { record } }";

  test.each(["application/json", "application/graphql-response+json", "*/*"])(
    "[HTTP-3] that accepts %s is 406",
    async (Accept) => {
      const response = await post({ query }, { Accept });
      expect(response.status).toBe(406);
      expect(codesOf(await answerOf(response))).toEqual(["NOT_ACCEPTABLE"]);
    },
  );

  test("[HTTP-3] by GET is refused", async () => {
    const { status } = await get({ query });
    expect([405, 406]).toContain(status);
  });
});

describe("a caller", () => {
  test.each([
    ["without a token", {}, "The request holds no access token: send Authorization: Bearer <token>."],
    ["with a token of nobody", { Authorization: "Bearer a.b.c" }, "The token is not a JWT."],
    [
      "with another scheme",
      { Authorization: "Basic eDp4" },
      "The Authorization header is not of the form Bearer <token>.",
    ],
  ])("[HTTP-2] %s is 401", async (_, headers, message) => {
    for (const method of ["GET", "POST"]) {
      const response = await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(QUERY)}`, {
        method,
        headers: { ...headers, "Content-Type": "application/json" },
        ...(method === "POST" && { body: JSON.stringify({ query: QUERY }) }),
      });
      expect(response.status).toBe(401);
      expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
      expect(await response.json()).toEqual({ errors: [{ message, extensions: { code: "UNAUTHENTICATED" } }] });
    }
  });

  test("[HTTP-2] with an expired token is 401", async () => {
    const expired = await gateway.token(workspaceId, { now: Date.now() - 3_600_000 });
    const response = await post({ query: QUERY }, { Authorization: `Bearer ${expired}` });
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain(expired.slice(-20));
  });

  test("[AUTH-3] with a token in the URL is 401", async () => {
    const token = await gateway.token(workspaceId);
    const response = await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(QUERY)}&token=${token}`);
    expect(response.status).toBe(401);
  });
});

describe("limits", () => {
  test("[LIMIT-17] a document may have 15,000 tokens", async () => {
    expect(await answerOf(await post({ query: queryOfTokens(15_000) }))).toHaveProperty("data");
    expect(codesOf(await answerOf(await post({ query: queryOfTokens(15_006) })))).toEqual(["DOCUMENT_TOO_LARGE"]);
  });

  test("[LIMIT-9] fields may nest 20 levels", async () => {
    expect(codesOf(await answerOf(await post({ query: queryOfDepth(20) })))).not.toContain("DOCUMENT_TOO_DEEP");
    expect(codesOf(await answerOf(await post({ query: queryOfDepth(21) })))).toEqual(["DOCUMENT_TOO_DEEP"]);
  });

  test.each([
    ["braces", "{".repeat(14_000)],
    ["fields", "{a".repeat(7_000) + "}".repeat(7_000)],
    ["lists", `{ a(x: ${"[".repeat(7_000)}${"]".repeat(7_000)}) }`],
    ["types", `query ($x: ${"[".repeat(7_000)}Int${"]".repeat(7_000)}) { a }`],
  ])("[LIMIT-9] thousands of nested %s are an error of the document, not of the gateway", async (_, query) => {
    const response = await post({ query });
    expect(response.status).toBeLessThan(500);
    expect(codesOf(await answerOf(response))).toEqual(["DOCUMENT_TOO_DEEP"]);
  });

  test("[LIMIT-8] a document may have 30 fragments", async () => {
    const query = (count: number) =>
      `{ gatewayVersion } ${Array.from({ length: count }, (_, i) => `fragment F${i} on Query { gatewayVersion }`).join(" ")}`;
    expect(codesOf(await answerOf(await post({ query: query(30) })))).not.toContain("DOCUMENT_TOO_LARGE");
    expect(codesOf(await answerOf(await post({ query: query(31) })))).toEqual(["DOCUMENT_TOO_LARGE"]);
  });

  test("[LIMIT-4] JSON may nest 64 levels", async () => {
    const body = (levels: number) =>
      `{"query":"${QUERY}","extensions":{"x":${"[".repeat(levels - 2)}${"]".repeat(levels - 2)}}}`;
    expect((await post(body(64))).status).toBe(200);
    for (const levels of [65, 100_000]) {
      const response = await post(body(levels));
      expect(response.status).toBe(400);
      expect(codesOf(await answerOf(response))).toEqual(["BAD_MESSAGE"]);
    }
  });

  test.each<[string, (json: string) => Promise<Response>]>([
    ["variables of a GET", (variables) => get({ query: QUERY, variables })],
    ["extensions of a GET", (extensions) => get({ query: QUERY, extensions })],
    ["variables of a form", (variables) => postForm({ query: QUERY, variables })],
    ["extensions of a form", (extensions) => postForm({ query: QUERY, extensions })],
  ])("[LIMIT-4] the %s may nest 64 levels", async (_, send) => {
    const json = (levels: number) => `${'{"x":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;
    expect((await send(json(64))).status).toBe(200);
    for (const levels of [65, 500]) {
      const response = await send(json(levels));
      expect(response.status).toBe(400);
      expect(codesOf(await answerOf(response))).toEqual(["BAD_MESSAGE"]);
    }
  });

  test("[HTTP-1] a multipart body is not read", async () => {
    const form = new FormData();
    form.set("operations", JSON.stringify({ query: QUERY }));
    const response = await fetch(`${gateway.url}/graphql`, { method: "POST", headers: authorized, body: form });
    expect(response.status).toBe(415);
  });

  test("[LIMIT-31] a field may be selected 40 times in one place", async () => {
    const query = (count: number) => `{ ${"gatewayVersion ".repeat(count)} }`;
    expect((await post({ query: query(40) })).status).toBe(200);
    expect(codesOf(await answerOf(await post({ query: query(41) })))).toEqual(["DOCUMENT_TOO_LARGE"]);
  });

  test("[LIMIT-18] a body may have 1 MiB", async () => {
    const body = (bytes: number) => {
      const text = JSON.stringify({ query: QUERY });
      return text + " ".repeat(bytes - text.length);
    };
    expect((await post(body(MIB))).status).toBe(200);
    const response = await post(body(MIB + 1));
    expect(response.status).toBe(413);
    expect(codesOf(await answerOf(response))).toEqual(["TOO_LARGE"]);
  });
});

describe("GraphiQL", () => {
  const isBuilt = existsSync(join(ROOT, "dist", "assets", "graphiql", "index.html"));
  const page = (headers: Record<string, string>) => fetch(`${gateway.url}/graphql`, { headers });

  test.runIf(isBuilt)("[HTTP-13] is what a browser sees, without a token", async () => {
    const response = await page({ Accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toMatch(/^text\/html/);
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    const html = await response.text();
    const scripts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = ""]) => address);
    expect(scripts.length).toBeGreaterThan(0);
    for (const address of scripts.filter((found) => !found.startsWith("data:"))) {
      const asset = new URL(address, `${gateway.url}/graphql`);
      expect(asset.origin).toBe(gateway.url);
      expect((await fetch(asset)).status).toBe(200);
    }
  });

  test("[HTTP-13] is not what a client with a query gets", async () => {
    const response = await get({ query: QUERY }, { Accept: "text/html" });
    expect(response.status).not.toBe(404);
    expect(await response.text()).not.toContain("<html");
  });
});

test("nothing of all that was an error of the gateway", () => {
  expect(gateway.logs()).not.toMatch(/unexpected|could not/i);
});
