import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { print } from "graphql";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { sha256 } from "../../src/core/sha256.ts";
import { app } from "../../src/edge/app.ts";
import { ON_DB_EVENT } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const GREETING = gql`
  query Greeting {
    gatewayVersion
  }
`;
const OTHER = gql`
  query Other {
    gatewayVersion
  }
`;
const documents = (env as unknown as { PERSISTED_DOCUMENTS: KVNamespace }).PERSISTED_DOCUMENTS;
const URL_OF_GRAPHQL = "http://127.0.0.1/graphql";

beforeAll(async () => {
  await documents.put("greeting", print(GREETING));
  await documents.put("people", ON_DB_EVENT);
  await documents.put("upstream", "query Theirs { people { name } }");
  await documents.put(`sha256:${await sha256(print(GREETING))}`, print(GREETING));
});
afterEach(() => vi.restoreAllMocks());

interface Asked {
  readonly token: string;
  readonly accept?: string;
  readonly stream?: string;
}

function headersOf({ token, accept = "application/json", stream }: Asked): Record<string, string> {
  return {
    Authorization: `Bearer ${token}`,
    Accept: accept,
    "Content-Type": "application/json",
    ...(stream !== undefined && { "X-GraphQL-Event-Stream-Token": stream }),
  };
}

function post(body: object, asked: Asked): Promise<Response> {
  return exports.default.fetch(URL_OF_GRAPHQL, {
    method: "POST",
    headers: headersOf(asked),
    body: JSON.stringify(body),
  });
}

const greeted = { data: { gatewayVersion: expect.any(String) } };
const codeOf = async (response: Response) =>
  [response.status, ((await response.json()) as { errors: [{ extensions: object }] }).errors[0].extensions] as const;

it("[HTTP-14] runs a document that is named by POST and by GET", async () => {
  const token = await newWorkspace().token();
  expect(await (await post({ documentId: "greeting", operationName: "Greeting" }, { token })).json()).toEqual(greeted);
  const answer = await exports.default.fetch(`${URL_OF_GRAPHQL}?documentId=greeting`, {
    headers: headersOf({ token }),
  });
  expect(await answer.json()).toEqual(greeted);
});

it("[HTTP-14] runs a subscription that is named over SSE, in both modes", async () => {
  const workspace = newWorkspace();
  const token = await workspace.token();
  const named = { documentId: "people", variables: { input: {} } };
  const accept = "text/event-stream";
  const distinct = await post(named, { token, accept });

  const stream = await (
    await exports.default.fetch(URL_OF_GRAPHQL, { method: "PUT", headers: headersOf({ token }) })
  ).text();
  const single = await exports.default.fetch(URL_OF_GRAPHQL, { headers: headersOf({ token, accept, stream }) });
  expect((await post({ ...named, extensions: { operationId: "1" } }, { token, stream })).status).toBe(202);

  await vi.waitFor(async () => expect((await workspace.stub.inspect()).operations).toBe(2));
  await workspace.publish(workspace.personEvent("ada"));
  for (const { body } of [distinct, single]) expect(await untilName(body)).toBe("ada");
});

it("[HTTP-15] answers 404 for a document that is not there, and 401 without a token", async () => {
  const token = await newWorkspace().token();
  expect(await codeOf(await post({ documentId: "nothing" }, { token }))).toEqual([
    404,
    { code: "PERSISTED_QUERY_NOT_FOUND" },
  ]);
  const accept = "text/event-stream";
  expect((await post({ documentId: "nothing" }, { token, accept })).status).toBe(404);
  for (const asked of [{ token: "x" }, { token: "x", accept }]) {
    expect((await post({ documentId: "nothing" }, asked)).status).toBe(401);
  }
});

it.each([".", ".."])("[HTTP-15] answers 404 for %j, which KV refuses to be asked for", async (documentId) => {
  const logged = vi.spyOn(console, "error").mockReturnValue();
  const answer = await post({ documentId }, { token: await newWorkspace().token() });
  expect(await codeOf(answer)).toEqual([404, { code: "PERSISTED_QUERY_NOT_FOUND" }]);
  expect(logged).not.toHaveBeenCalled();
});

it("[LIMIT-4] looks at the JSON in a form that names a document as it is read", async () => {
  const token = await newWorkspace().token();
  const ask = async (levels: number) => {
    const variables = `${'{"x":'.repeat(levels)}1${"}".repeat(levels)}`;
    const form = `&query={gatewayVersion}&variables=${encodeURIComponent(variables)}&rest=`;
    // As JSON it is flat and names a document; what is written of that afterwards is a form.
    const body = `{"documentId":"greeting","a":${JSON.stringify(form).replaceAll("&", "\\u0026")}}`;
    return exports.default.fetch(URL_OF_GRAPHQL, {
      method: "POST",
      headers: { ...headersOf({ token }), "Content-Type": "application/x-www-form-urlencoded" },
      body,
    });
  };
  expect(await (await ask(64)).json()).toEqual(greeted);
  expect(await codeOf(await ask(65))).toEqual([400, { code: "BAD_MESSAGE" }]);
});

it("[HTTP-15] has Apollo's PersistedQueryLink send hashes alone, and the document where one is not there", async () => {
  const token = await newWorkspace().token();
  const sent: object[] = [];
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new PersistedQueryLink({ sha256 }).concat(
      new HttpLink({
        uri: URL_OF_GRAPHQL,
        headers: { Authorization: `Bearer ${token}` },
        fetch: (url, init) => {
          sent.push(JSON.parse(String(init?.body)) as object);
          return exports.default.fetch(String(url), init as RequestInit);
        },
      }),
    ),
  });
  expect(await client.query({ query: GREETING })).toMatchObject(greeted);
  expect(sent).toEqual([expect.not.objectContaining({ query: expect.anything() })]);
  expect(await client.query({ query: OTHER, fetchPolicy: "no-cache" })).toMatchObject(greeted);
  expect(sent.slice(1)).toEqual([
    expect.not.objectContaining({ query: expect.anything() }),
    expect.objectContaining({ query: expect.any(String) }),
  ]);
});

it("[UPSTREAM-11] sends the document upstream in the place of its id", async () => {
  const sent: Request[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    sent.push(new Request(input, init));
    return Response.json({ data: {} });
  });
  const withUpstream = { ...env, UPSTREAM_GRAPHQL_URL: "https://upstream.example.com/graphql" };
  const ask = async (request: Request) => {
    const context = createExecutionContext();
    const answer = await app.fetch(request, withUpstream, context);
    await waitOnExecutionContext(context);
    return answer.json();
  };
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ documentId: "upstream", variables: { a: 1 } });
  expect(await ask(new Request(URL_OF_GRAPHQL, { method: "POST", headers, body }))).toEqual({ data: {} });
  expect(await sent[0]?.json()).toEqual({ query: "query Theirs { people { name } }", variables: { a: 1 } });

  expect(await ask(new Request(`${URL_OF_GRAPHQL}?documentId=upstream`))).toEqual({ data: {} });
  expect([...new URL(sent[1]?.url ?? "").searchParams]).toEqual([["query", "query Theirs { people { name } }"]]);

  const token = await newWorkspace().token();
  const own = new Request(`${URL_OF_GRAPHQL}?documentId=greeting`, { headers: headersOf({ token }) });
  expect(await ask(own)).toEqual(greeted);
  expect(sent).toHaveLength(2);
});

/** The first name in a body of events. */
async function untilName(body: ReadableStream | null): Promise<string | undefined> {
  let text = "";
  for await (const chunk of body ?? []) {
    text += new TextDecoder().decode(chunk);
    const [, name] = /"name":"(\w+)"/.exec(text) ?? [];
    if (name !== undefined) return name;
  }
  return undefined;
}
