import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { type RunningGateway, type SettingsOverride, startBareGateway } from "../support/gateway.ts";
import { personUpdated } from "./events.ts";

const MIB = 1024 * 1024;
const workspaceId = crypto.randomUUID();
const PUBLISHER = { Authorization: "Bearer dev-publisher-secret" };
const ADMIN = { Authorization: "Bearer dev-admin-secret" };
const ORIGIN = "https://app.example.com";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startBareGateway();
});
afterAll(() => gateway.stop());

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}`, init);
}

function post(body: unknown, headers: Record<string, string> = PUBLISHER): Promise<Response> {
  return ask("/publish", { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
}

async function expectError(response: Response, status: number, code: string): Promise<void> {
  const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] };
  expect({ status: response.status, code: errors[0]?.extensions.code }).toEqual({ status, code });
  expect(response.headers.get("Content-Type")).toMatch(/^application\/json/);
}

describe("POST /publish", () => {
  const good = (name = "Ada") => personUpdated(workspaceId, name);
  const bad = { name: "person.updated", workspaceId };

  test("[PUB-5] is 200 when all messages were taken", async () => {
    const response = await post({ messages: [good(), good()] });
    expect(response.status).toBe(200);
    const taken = { workspaceId, events: 1, duplicate: false, id: expect.any(String), position: expect.any(String) };
    expect(await response.json()).toEqual({ results: [taken, taken] });
  });

  test("[PUB-5] is 200 for duplicates", async () => {
    const message = { ...good(), id: crypto.randomUUID() };
    const first = await (await post({ messages: [message] })).json();
    const second = await post({ messages: [message] });
    expect(second.status).toBe(200);
    expect(await second.json()).toEqual({
      results: [{ ...(first as { results: object[] }).results[0], duplicate: true }],
    });
  });

  test("[PUB-5] is 207 when some were taken, [PUB-4] each answer in its place", async () => {
    const response = await post({ messages: [bad, good(), { ...bad, id: "mine" }] });
    expect(response.status).toBe(207);
    const refused = { code: "BAD_MESSAGE", message: expect.stringContaining("events"), retryable: false };
    expect(await response.json()).toEqual({
      results: [
        { workspaceId, error: refused },
        expect.objectContaining({ workspaceId, duplicate: false }),
        { id: "mine", workspaceId, error: refused },
      ],
    });
  });

  test("[PUB-5] is 400 when none was taken and none will be", async () => {
    const response = await post({ messages: [bad, bad] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ results: [{ error: { retryable: false } }, { error: {} }] });
  });

  test("[PUB-8] is 400 for an id that was used for another content", async () => {
    const id = crypto.randomUUID();
    await post({ messages: [{ ...good("Ada"), id }] });
    const response = await post({ messages: [{ ...good("Grace"), id }] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ results: [{ id, error: { code: "ID_REUSED" } }] });
  });

  test.each([
    ["an empty list", { messages: [] }],
    ["no list", { messages: {} }],
    ["no messages", {}],
    ["a list in the place of the body", [good()]],
    ["null", null],
    ["text that is no JSON", "messages"],
    ["nothing", ""],
    ["JSON of 67 levels", `{"messages":${"[".repeat(66)}${"]".repeat(66)}}`],
    ["JSON of 100,000 levels", "[".repeat(100_000)],
  ])("[PUB-6] is 400 for %s", async (_, body) => {
    await expectError(await post(body), 400, "BAD_MESSAGE");
  });

  test.each([
    ["no secret", {}, 401, "UNAUTHENTICATED"],
    ["a wrong one", { Authorization: "Bearer wrong" }, 403, "FORBIDDEN"],
    ["half of the right one", { Authorization: "Bearer dev-publisher" }, 403, "FORBIDDEN"],
    ["the right one of another scheme", { Authorization: "Basic dev-publisher-secret" }, 403, "FORBIDDEN"],
    ["that of admins", ADMIN, 403, "FORBIDDEN"],
    ["an empty bearer", { Authorization: "Bearer " }, 403, "FORBIDDEN"],
  ])("[PUB-1] with %s is refused", async (_, headers, status, code) => {
    await expectError(await post({ messages: [good()] }, { ...headers }), status, code);
  });

  test("[PUB-1] with a caller's token is 403", async () => {
    const headers = { Authorization: `Bearer ${await gateway.token(workspaceId)}` };
    await expectError(await post({ messages: [good()] }, headers), 403, "FORBIDDEN");
  });

  test("is 413 past 1 MiB, and not at 1 MiB", async () => {
    const ofBytes = (bytes: number) => {
      const body = JSON.stringify({ messages: [good()] });
      return body + " ".repeat(bytes - body.length);
    };
    await expectError(await post(ofBytes(MIB + 1)), 413, "TOO_LARGE");
    expect((await post(ofBytes(MIB))).status).toBe(200);
  });

  test("is 413 past 1 MiB without a Content-Length as well", async () => {
    const body = new Blob(["x".repeat(MIB + 1)]).stream();
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers: PUBLISHER, body, duplex: "half" };
    await expectError(await ask("/publish", init), 413, "TOO_LARGE");
  });

  test("takes a body that comes in pieces, without a Content-Length", async () => {
    const text = JSON.stringify({ messages: [good()] }).padEnd(300_000);
    const pieces = [text.slice(0, 10), text.slice(10, 70_000), text.slice(70_000)];
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers: PUBLISHER, body, duplex: "half" };
    const response = await ask("/publish", init);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ results: [{ events: 1 }] });
  });

  test("is 413 for 101 messages, and takes 100", async () => {
    const messages = (count: number) => ({ messages: Array.from({ length: count }, () => good()) });
    await expectError(await post(messages(101)), 413, "TOO_LARGE");
    expect((await post(messages(100))).status).toBe(200);
  });

  test("answers TOO_LARGE for a message of 1,001 events, and takes one of 1,000", async () => {
    const message = (count: number) => personUpdated(workspaceId, ...Array.from({ length: count }, (_, i) => `${i}`));
    const response = await post({ messages: [message(1_001), message(1_000)] });
    expect(response.status).toBe(207);
    expect(await response.json()).toMatchObject({ results: [{ error: { code: "TOO_LARGE" } }, { events: 1_000 }] });
  });

  test("leaves an event out of no message: the log has what was answered", async () => {
    const own = crypto.randomUUID();
    const { results } = await gateway.publish(personUpdated(own, "a", "b", "c"), personUpdated(own, "d"));
    const { position, log } = await gateway.inspect(own);
    expect(results.at(-1)).toMatchObject({ position });
    expect(log).toMatchObject({ rows: 2 });
  });
});

describe("paths and methods", () => {
  const PATHS = [
    ["/graphql", "GET, POST, PUT, DELETE, OPTIONS"],
    ["/metadata", "GET, POST, PUT, DELETE, OPTIONS"],
    ["/publish", "POST, OPTIONS"],
    [`/admin/workspaces/${workspaceId}`, "GET, DELETE, OPTIONS"],
    [`/admin/workspaces/${workspaceId}/revoke`, "POST, OPTIONS"],
    ["/healthz", "GET, OPTIONS"],
  ] as const;

  test.each(PATHS)("[HTTP-5] %s asked with PATCH is 405 and says what it has", async (path, allow) => {
    const response = await ask(path, { method: "PATCH", headers: ADMIN });
    expect(response.headers.get("Allow")).toBe(allow);
    await expectError(response, 405, "METHOD_NOT_ALLOWED");
  });

  test.each(PATHS)("[HTTP-6] OPTIONS of %s is 204, without a credential", async (path) => {
    const response = await ask(path, { method: "OPTIONS" });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
  });

  test.each(["/", "/nothing", "/graphql/", "/graphqlx", "/publish/", "/healthz/x", "/GRAPHQL", "/favicon.ico"])(
    "[HTTP-5] [HTTP-6] %s is 404, asked with OPTIONS as well",
    async (path) => {
      await expectError(await ask(path), 404, "NOT_FOUND");
      await expectError(await ask(path, { method: "OPTIONS" }), 404, "NOT_FOUND");
    },
  );

  test("[HTTP-10] GET /healthz is 200 without a credential", async () => {
    const response = await ask("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
  });
});

describe("/admin", () => {
  test.each([
    ["no secret", {}, 401, "UNAUTHENTICATED"],
    ["a wrong one", { Authorization: "Bearer wrong" }, 403, "FORBIDDEN"],
    ["that of publishers", PUBLISHER, 403, "FORBIDDEN"],
  ])("[ADMIN-1] with %s is refused", async (_, headers, status, code) => {
    await expectError(await ask(`/admin/workspaces/${workspaceId}`, { headers: { ...headers } }), status, code);
  });

  test("[ADMIN-4] an id that is no UUID is 400", async () => {
    await expectError(await ask("/admin/workspaces/acme", { headers: ADMIN }), 400, "BAD_REQUEST");
  });

  test("[LIMIT-4] a body may nest 64 levels", async () => {
    const revoke = (levels: number) =>
      ask(`/admin/workspaces/${workspaceId}/revoke`, {
        method: "POST",
        headers: ADMIN,
        body: `{"userId":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`,
      });
    await expectError(await revoke(64), 400, "BAD_REQUEST");
    for (const levels of [65, 5_000]) await expectError(await revoke(levels), 400, "BAD_MESSAGE");
  });

  test("[ADMIN-3] a workspace never seen has zero counts and no log", async () => {
    const response = await ask(`/admin/workspaces/${crypto.randomUUID()}`, { headers: ADMIN });
    const report = await response.json();
    expect(report).toMatchObject({ sockets: 0, operations: 0, operationsByField: {}, operationsByDocument: [] });
    for (const name of ["log", "epoch", "position"]) expect(report).not.toHaveProperty(name);
  });
});

describe("CORS", () => {
  const preflight = (path: string, origin = ORIGIN) =>
    ask(path, {
      method: "OPTIONS",
      headers: {
        Origin: origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-schema-version",
      },
    });
  const corsOf = ({ headers }: Response) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));

  test.each(["/graphql", "/metadata"])("[HTTP-8] of %s is * without credentials", async (path) => {
    const response = await preflight(path);
    expect(response.status).toBe(204);
    const cors = corsOf(response);
    expect(cors).toMatchObject({ "access-control-allow-origin": "*" });
    expect(cors).not.toHaveProperty("access-control-allow-credentials");
    expect(cors["access-control-allow-headers"]?.toLowerCase().split(",")).toEqual(
      expect.arrayContaining(["authorization", "content-type", "accept", "x-graphql-event-stream-token"]),
    );
  });

  test("[HTTP-8] of an answer is there when the answer is an error", async () => {
    const response = await ask("/graphql", { method: "POST", headers: { Origin: ORIGIN }, body: "{}" });
    expect(response.status).toBe(401);
    expect(corsOf(response)).toEqual({ "access-control-allow-origin": "*" });
  });

  test.each(["/publish", `/admin/workspaces/${workspaceId}`, "/healthz", "/nothing"])(
    "[HTTP-9] %s answers none",
    async (path) => {
      expect(corsOf(await preflight(path))).toEqual({});
      expect(corsOf(await ask(path, { headers: { Origin: ORIGIN } }))).toEqual({});
    },
  );

  describe("with a list in ALLOWED_ORIGINS", () => {
    let listed: RunningGateway;
    beforeAll(async () => {
      listed = await startBareGateway({ ALLOWED_ORIGINS: `${ORIGIN},http://localhost:3001` });
    });
    afterAll(() => listed.stop());

    const asked = async (origin: string, method: "OPTIONS" | "POST") => {
      const response = await fetch(`${listed.url}/graphql`, { method, headers: { Origin: origin } });
      await response.text();
      return response;
    };

    test.each(["OPTIONS", "POST"] as const)("[HTTP-7] %s reflects a listed origin with credentials", async (method) => {
      const { headers } = await asked("http://localhost:3001", method);
      expect(headers.get("Access-Control-Allow-Origin")).toBe("http://localhost:3001");
      expect(headers.get("Access-Control-Allow-Credentials")).toBe("true");
      expect(headers.get("Vary")).toMatch(/origin/i);
    });

    test.each(["https://app.example.com.evil.com", "http://app.example.com", "https://app.example.com:444", "null"])(
      "[HTTP-7] %s is not reflected",
      async (origin) => {
        for (const method of ["OPTIONS", "POST"] as const) {
          expect((await asked(origin, method)).headers.get("Access-Control-Allow-Origin")).toBeNull();
        }
      },
    );
  });
});

describe("[HTTP-12] in development", () => {
  test.each([
    ["localhost", 200],
    ["127.0.0.1:8787", 200],
    ["[::1]:8787", 200],
    ["127.9.9.9", 200],
    ["example.com", 421],
    ["localhost.example.com", 421],
    ["127.0.0.1.example.com", 421],
    ["192.168.1.10:8787", 421],
    ["0.0.0.0:8787", 421],
  ])("a request to the host %s is answered with %i", async (host, status) => {
    const body = JSON.stringify({ messages: [personUpdated(workspaceId, "Ada")] });
    const response = await askHost(gateway, host, "POST", "/publish", body);
    expect(response.status).toBe(status);
    if (status === 421) expect(response.body).toContain("MISDIRECTED");
  });

  test("/healthz is answered to any host", async () => {
    expect(await askHost(gateway, "example.com", "GET", "/healthz")).toMatchObject({ status: 200 });
  });

  test("hosts of DEV_HOSTS are answered too", async () => {
    const withHost = await startBareGateway({ DEV_HOSTS: "dev.example.com" });
    expect((await askHost(withHost, "dev.example.com", "GET", "/nothing")).status).toBe(404);
    expect((await askHost(withHost, "example.com", "GET", "/nothing")).status).toBe(421);
    await withHost.stop();
  });
});

const PRODUCTION: SettingsOverride = {
  ENVIRONMENT: "",
  APP_SECRET: "a-secret-of-32-characters-or-more",
  PUBLISHER_SECRETS: "publisher-secret",
  ADMIN_SECRETS: "admin-secret",
  CHANNEL_SECRETS: "channel-secret",
  ALLOWED_ORIGINS: ORIGIN,
};

describe("a bad setting", () => {
  test.each<[name: string, settings: SettingsOverride]>([
    ["MAX_OPERATIONS_PER_SOCKET", { MAX_OPERATIONS_PER_SOCKET: "many" }],
    ["ALLOWED_ORIGINS", { ALLOWED_ORIGINS: "app.example.org" }],
    ["JWKS_URL", { JWKS_URL: "http://keys.example.com/jwks" }],
    ["GRAPHQL_PATHS", { GRAPHQL_PATHS: "/publish" }],
    ["APP_SECRET", { ...PRODUCTION, APP_SECRET: "dev-app-secret-that-is-long-enough-for-it" }],
    ["APP_SECRET", { ...PRODUCTION, APP_SECRET: "short" }],
    ["PUBLISHER_SECRETS", { ...PRODUCTION, PUBLISHER_SECRETS: "good-one,dev-publisher-secret" }],
    ["ALLOWED_ORIGINS", { ...PRODUCTION, ALLOWED_ORIGINS: "*" }],
    ["APP_SECRET", { ENVIRONMENT: "Development" }],
  ])("[HTTP-11] %s in %o makes every request but /healthz a 500 that names it", async (name, settings) => {
    const broken = await startBareGateway(settings);
    for (const path of ["/graphql", "/publish", `/admin/workspaces/${workspaceId}`, "/nothing"]) {
      const response = await fetch(`${broken.url}${path}`, { method: "POST", headers: PUBLISHER });
      expect(response.status).toBe(500);
      const body = await response.text();
      expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: "BAD_SETTING" } }] });
      expect(body).toContain(`Setting ${name}: expected `);
      for (const value of Object.values(settings)) if (value.length > 5) expect(body).not.toContain(value);
    }
    expect((await fetch(`${broken.url}/healthz`)).status).toBe(200);
    await broken.stop();
  });
});

describe("production", () => {
  let production: RunningGateway;
  beforeAll(async () => {
    production = await startBareGateway({ ...PRODUCTION, PERMISSIONS: "", PLAYGROUND: "" });
  });
  afterAll(() => production.stop());

  test("answers on any host", async () => {
    expect((await askHost(production, "gateway.example.com", "GET", "/nothing")).status).toBe(404);
  });

  test("[ADMIN-2] delivers no record to a workspace without permissions, and says so", async () => {
    expect(await production.inspect(workspaceId)).toMatchObject({
      notDelivering: expect.stringContaining("PERMISSIONS"),
    });
  });

  test("has no GraphiQL", async () => {
    const response = await fetch(`${production.url}/graphql`, { headers: { Accept: "text/html" } });
    expect(response.status).toBe(401);
    expect((await fetch(`${production.url}/graphiql/`)).status).toBe(404);
  });

  test("takes none of development's secrets", async () => {
    const headers = { Authorization: `Bearer ${DEV_BINDINGS.PUBLISHER_SECRETS}` };
    const response = await fetch(`${production.url}/publish`, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(403);
  });

  test.each([
    ["PUBLISHER_SECRETS", "/publish"],
    ["ADMIN_SECRETS", `/admin/workspaces/${workspaceId}`],
  ])("lets nobody in with an empty %s", async (name, path) => {
    const shut = await startBareGateway({ ...PRODUCTION, [name]: " , " });
    for (const secret of ["", " ", ",", "undefined", PRODUCTION[name]]) {
      const headers = { Authorization: `Bearer ${secret}` };
      const response = await fetch(`${shut.url}${path}`, { method: "POST", headers, body: "{}" });
      expect(response.status).toBe(403);
    }
    await shut.stop();
  });
});

test("nothing of all that was an exception which nobody caught, and no secret was logged", () => {
  expect(gateway.logs()).not.toMatch(/uncaught|unexpected|could not/i);
  expect(gateway.logs()).not.toContain("dev-");
});

/** `fetch` does not let a caller choose the Host. */
async function askHost({ url }: RunningGateway, host: string, method: string, path: string, body?: string) {
  const asking = request(`${url}${path}`, { method, headers: { ...PUBLISHER, Host: host } });
  asking.end(body);
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}
