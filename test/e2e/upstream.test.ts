import { gzipSync } from "node:zlib";
import { createClient } from "graphql-ws";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";

const ORIGIN = "https://app.example.com";
const SIGN_IN = "mutation SignIn { getLoginTokenFromCredentials { token } }";
const workspaceId = crypto.randomUUID();

let upstream: FakeUpstream;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const settings = {
    UPSTREAM_GRAPHQL_URL: `${upstream.url}?from=gateway`,
    UPSTREAM_TIMEOUT_SECONDS: "1",
    ALLOWED_ORIGINS: ORIGIN,
  };
  gateway = await startBareGateway(settings);
  token = await gateway.token(workspaceId);
});

afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

beforeEach(() => {
  upstream.received.length = 0;
  upstream.answer = (_, response) => response.end("{}");
});

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/metadata`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

function get(query: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/graphql?${new URLSearchParams({ query })}`, { headers });
}

async function errorOf(response: Response) {
  const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] };
  return { status: response.status, code: errors[0]?.extensions.code };
}

describe("an operation that is not the gateway's", () => {
  it("[UPSTREAM-1] is sent on as it came, without a token, and its answer comes back", async () => {
    upstream.answer = (_, response) =>
      response
        .writeHead(201, [
          ...["Content-Type", "application/graphql-response+json"],
          ...["Set-Cookie", "a=1; Path=/"],
          ...["Set-Cookie", "b=2; Path=/"],
          ...["X-Powered-By", "upstream"],
          ...["Access-Control-Allow-Origin", "https://else.example.com"],
        ])
        .end('{"data":{"getLoginTokenFromCredentials":null}}');
    const body = `{ "query": ${JSON.stringify(SIGN_IN)}, "variables": {"name": "ï"}, "query2": 1 }\n`;
    const response = await post(body, { Origin: ORIGIN });
    expect(response.status).toBe(201);
    expect(await response.text()).toBe('{"data":{"getLoginTokenFromCredentials":null}}');
    expect(response.headers.get("Content-Type")).toBe("application/graphql-response+json");
    expect(response.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2; Path=/"]);
    expect(response.headers.has("X-Powered-By")).toBe(false);
    const [received] = upstream.received;
    expect(received).toMatchObject({ method: "POST", target: "/metadata?from=gateway" });
    expect(received?.body.toString()).toBe(body);
  });

  it("[UPSTREAM-1] is sent on by GET with its query", async () => {
    expect((await get("{ currentUser { id } }")).status).toBe(200);
    const [received] = upstream.received;
    expect(received?.method).toBe("GET");
    expect(new URLSearchParams(received?.target.split("?")[1]).get("query")).toBe("{ currentUser { id } }");
  });

  it("[UPSTREAM-1] is sent on with its uploads", async () => {
    const form = new FormData();
    form.set("operations", JSON.stringify({ query: "mutation { uploadFile }", variables: { file: null } }));
    form.set("map", '{"0":["variables.file"]}');
    const file = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
    form.set("0", new Blob([file]), "bytes.bin");
    const response = await fetch(`${gateway.url}/metadata`, { method: "POST", body: form });
    expect(response.status).toBe(200);
    const [received] = upstream.received;
    expect(received?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(received?.body.includes(Buffer.from(file))).toBe(true);
  });

  it("[UPSTREAM-2] goes with the headers that Twenty's front-end sends, and no others", async () => {
    const headers = {
      Accept: "application/json",
      Authorization: "Bearer not-looked-at",
      Origin: ORIGIN,
      Cookie: "session=1",
      "X-Locale": "de-DE",
      "X-Schema-Version": "7",
      "X-App-Version": "1.2.3",
    };
    await post({ query: SIGN_IN }, { ...headers, "X-Forwarded-For": "10.0.0.1", "X-Other": "1" });
    const received = upstream.received[0]?.headers ?? {};
    for (const [name, value] of Object.entries(headers)) expect(received[name.toLowerCase()], name).toBe(value);
    expect(received["content-type"]).toBe("application/json");
    for (const name of ["x-forwarded-for", "x-other"]) expect(received).not.toHaveProperty(name);
  });

  it("[UPSTREAM-3] goes with cookies, and brings some, only where no page of elsewhere sends it", async () => {
    upstream.answer = (_, response) => response.setHeader("Set-Cookie", "a=1").end("{}");
    const cookiesFrom = async (origin: string | undefined) => {
      const response = await post({ query: SIGN_IN }, { Cookie: "session=1", ...(origin && { Origin: origin }) });
      return [upstream.received.pop()?.headers.cookie, response.headers.get("Set-Cookie")];
    };
    for (const origin of [undefined, ORIGIN, gateway.url]) {
      expect(await cookiesFrom(origin), origin).toEqual(["session=1", "a=1"]);
    }
    for (const origin of ["https://evil.example.com", "null", `${ORIGIN}.evil.com`]) {
      expect(await cookiesFrom(origin), origin).toEqual([undefined, null]);
    }
  });

  it("[UPSTREAM-4] is answered with the gateway's CORS, not upstream's", async () => {
    upstream.answer = (_, response) =>
      response.setHeader("Access-Control-Allow-Origin", "https://evil.example.com").end();
    const origins = await Promise.all(
      [ORIGIN, "https://evil.example.com"].map(async (Origin) =>
        (await post({ query: SIGN_IN }, { Origin })).headers.get("Access-Control-Allow-Origin"),
      ),
    );
    expect(origins).toEqual([ORIGIN, null]);
  });

  it("[UPSTREAM-5] is answered as a stream", async () => {
    let finish = () => undefined as unknown;
    upstream.answer = (_, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("event: next\n");
      finish = () => response.end("data: {}\n\n");
    };
    const response = await post({ query: "subscription { theirs }" }, { Accept: "text/event-stream" });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toEqual({ done: false, value: "event: next\n" });
    finish();
    expect(await reader?.read()).toEqual({ done: false, value: "data: {}\n\n" });
  });

  it("[UPSTREAM-5] is readable when upstream compresses", async () => {
    upstream.answer = (_, response) => response.setHeader("Content-Encoding", "gzip").end(gzipSync('{"data":1}'));
    expect(await (await post({ query: SIGN_IN })).json()).toEqual({ data: 1 });
  });

  it("[UPSTREAM-6] is 502 when upstream breaks off, redirects, or is a gateway that sends it on again", async () => {
    upstream.answer = (request) => request.socket.destroy();
    const broken = await post({ query: SIGN_IN });
    expect(broken.headers.get("Retry-After")).toBe("1");
    expect(await errorOf(broken)).toEqual({ status: 502, code: "UPSTREAM_FAILED" });
    upstream.answer = (_, response) => response.writeHead(307, { Location: "https://evil.example.com" }).end();
    const redirected = await post({ query: SIGN_IN });
    expect(redirected.headers.has("Location")).toBe(false);
    expect(await errorOf(redirected)).toEqual({ status: 502, code: "UPSTREAM_FAILED" });
    upstream.answer = async (request, response) => {
      const headers = {
        "Content-Type": "application/json",
        "X-Sluice-Forwarded": String(request.headers["x-sluice-forwarded"]),
      };
      const answer = await post({ query: SIGN_IN }, headers);
      response.writeHead(answer.status).end(await answer.text());
    };
    expect(await errorOf(await post({ query: SIGN_IN }))).toEqual({ status: 502, code: "UPSTREAM_FAILED" });
    expect(upstream.received).toHaveLength(3);
  });

  it("[UPSTREAM-7] is 504 when upstream does not begin to answer in UPSTREAM_TIMEOUT_SECONDS", async () => {
    upstream.answer = () => undefined;
    expect(await errorOf(await post({ query: SIGN_IN }))).toEqual({ status: 504, code: "UPSTREAM_TIMEOUT" });
    // An answer that has begun may take its time.
    upstream.answer = (_, response) => {
      response.write("{");
      setTimeout(() => response.end("}"), 1_500);
    };
    expect(await (await post({ query: SIGN_IN })).text()).toBe("{}");
  });

  it("[UPSTREAM-8] is held to the limits of a body, its JSON and its tokens, and a mutation to POST", async () => {
    const padded = (bytes: number) => {
      const text = JSON.stringify({ query: SIGN_IN });
      return text + " ".repeat(bytes - text.length);
    };
    expect((await post(padded(1024 * 1024))).status).toBe(200);
    expect(await errorOf(await post(padded(1024 * 1024 + 1)))).toEqual({ status: 413, code: "TOO_LARGE" });
    const deep = `{"query":"{ theirs }","variables":${'{"x":'.repeat(63)}{}${"}".repeat(63)}}`;
    expect(await errorOf(await post(deep))).toEqual({ status: 400, code: "BAD_MESSAGE" });
    // A fragment too many for the gateway's own documents is nothing to upstream.
    const fragments = Array.from({ length: 40 }, (_, i) => `fragment F${i} on Q { id }`).join(" ");
    expect((await post({ query: `{ theirs { id } } ${fragments}` })).status).toBe(200);
    expect(await errorOf(await get("mutation { theirs }"))).toEqual({ status: 405, code: "METHOD_NOT_ALLOWED" });
    expect(upstream.received).toHaveLength(2);
  });

  it("[UPSTREAM-8] is 400 by GET with two queries or names, of which another server may read the one that was not looked at", async () => {
    const ask = (...parameters: [string, string][]) =>
      fetch(`${gateway.url}/graphql?${new URLSearchParams(parameters)}`, { headers: { Cookie: "session=1" } });
    const two = "query A { theirs } mutation B { theirs }";
    const asked: [string, string][][] = [
      [
        ["query", "{ theirs }"],
        ["query", "mutation { theirs }"],
      ],
      [
        ["query", two],
        ["operationName", "A"],
        ["operationName", "B"],
      ],
    ];
    for (const parameters of asked) {
      expect(await errorOf(await ask(...parameters))).toEqual({ status: 400, code: "BAD_REQUEST" });
    }
    expect(upstream.received).toEqual([]);
    expect((await ask(["query", two], ["operationName", "A"], ["tag", "1"], ["tag", "2"])).status).toBe(200);
  });

  it("[UPSTREAM-9] is an `error` NOT_HERE over a socket, which goes on", async () => {
    const client = createClient({
      url: gateway.wsUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: token },
      retryAttempts: 0,
    });
    const run = (query: string) =>
      new Promise((resolve, reject) => {
        client.subscribe({ query }, { next: resolve, error: reject, complete: () => undefined });
      });
    for (const query of [SIGN_IN, "subscription { theirs }", "{ gatewayVersion theirs }"]) {
      await expect(run(query)).rejects.toMatchObject([{ extensions: { code: "NOT_HERE" } }]);
    }
    await expect(run("{ gatewayVersion nothing: gatewayVersion { x } }")).rejects.toMatchObject([
      { extensions: { code: "GRAPHQL_VALIDATION_FAILED" } },
    ]);
    expect(await run("{ gatewayVersion }")).toHaveProperty("data");
    await client.dispose();
  });
});

it("[UPSTREAM-9] an operation on a stream of graphql-sse's single connection mode is NOT_HERE as over a socket", async () => {
  const headers = { Authorization: `Bearer ${token}` };
  const stream = await (await fetch(`${gateway.url}/metadata`, { method: "PUT", headers })).text();
  const named = { ...headers, "X-GraphQL-Event-Stream-Token": stream };
  const response = await fetch(`${gateway.url}/metadata`, { headers: { ...named, Accept: "text/event-stream" } });
  expect((await post({ query: SIGN_IN, extensions: { operationId: "1" } }, named)).status).toBe(202);
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes("event: complete")) break;
  }
  expect(text).toContain("NOT_HERE");
  expect(upstream.received).toEqual([]);
});

describe("the gateway answers itself", () => {
  const authorized = () => ({ Authorization: `Bearer ${token}` });

  it.each([
    "{ gatewayVersion }",
    "{ __typename }",
    "{ __schema { queryType { name } } }",
    "query { ...A } fragment A on Query { gatewayVersion }",
  ])("[UPSTREAM-1] %s, to callers with a token", async (query) => {
    expect(await (await post({ query }, authorized())).json()).toHaveProperty("data");
    expect(await (await get(query, { ...authorized(), Accept: "application/json" })).json()).toHaveProperty("data");
    expect((await post({ query })).status).toBe(401);
    expect(upstream.received).toEqual([]);
  });

  it("[UPSTREAM-1] its own subscriptions over SSE", async () => {
    const query = "subscription { onDbEvent(input: {}) { nothing } }";
    const response = await post({ query }, { ...authorized(), Accept: "text/event-stream" });
    expect(await response.text()).toContain("GRAPHQL_VALIDATION_FAILED");
    expect(upstream.received).toEqual([]);
  });

  it.each([
    ["no operation", JSON.stringify({}), 400],
    ["no JSON", "{", 400],
    ["a document that does not parse", JSON.stringify({ query: "{" }), 400],
    ["several operations and no name", JSON.stringify({ query: "query A { a } query B { b }" }), 400],
    ["a list", "[]", 400],
  ])("[UPSTREAM-1] what cannot be told: %s", async (_, body, status) => {
    expect((await post(body, { ...authorized(), Accept: "application/graphql-response+json" })).status).toBe(status);
    expect((await post(body)).status).toBe(401);
    expect(upstream.received).toEqual([]);
  });

  it("[UPSTREAM-10] an operation of both with 400 MIXED_OPERATION", async () => {
    const query = "{ gatewayVersion currentUser { id } }";
    expect(await errorOf(await post({ query }))).toEqual({ status: 400, code: "MIXED_OPERATION" });
    expect(await errorOf(await get(query))).toEqual({ status: 400, code: "MIXED_OPERATION" });
    expect(upstream.received).toEqual([]);
  });

  it("[UPSTREAM-1] uploads of its own, which it has not, with 415", async () => {
    const form = new FormData();
    form.set("operations", JSON.stringify({ query: "{ gatewayVersion }" }));
    const response = await fetch(`${gateway.url}/metadata`, { method: "POST", headers: authorized(), body: form });
    expect(response.status).toBe(415);
  });
});

it("nothing of all that was an error of the gateway", () => {
  expect(gateway.logs()).not.toMatch(/unexpected|uncaught/i);
});
