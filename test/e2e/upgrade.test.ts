import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SignTokenOptions } from "../../scripts/lib/sign-token.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket, type RawSocketOptions, type SocketClose, UpgradeRefused } from "../support/raw-socket.ts";
import { personUpdated, subscribeToAll } from "./events.ts";

const ORIGIN = "https://app.example.com";
const workspaceId = crypto.randomUUID();
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  gateway = await startBareGateway();
  token = await gateway.token(workspaceId);
});
afterAll(() => gateway.stop());

/** Tokens that are refused, each with the check that it fails. */
const BAD_TOKENS: readonly (readonly [what: string, options: SignTokenOptions | string, reason: string])[] = [
  ["garbage", "garbage", "The token is not a JWT."],
  ["three parts of garbage", "a.b.c", "The token is not a JWT."],
  ["an expired one", { now: Date.now() - 3_600_000 }, "The token has expired."],
  ["one of a secret that is not ours", { appSecret: "another-secret" }, "The token's signature does not verify."],
  ["one signed for another type", { signedAs: "REFRESH" }, "The token's signature does not verify."],
  ["a refresh token", { type: "REFRESH" }, "The token's type REFRESH is not accepted here."],
  ["one of no type", { claims: { type: undefined } }, "The token's type is not accepted here."],
  ["one without a workspace", { claims: { workspaceId: undefined } }, "The token's workspaceId claim is not a UUID."],
  ["one from the future", { now: Date.now() + 3_600_000 }, "The token's iat claim is in the future."],
  ["one that never expires", { claims: { exp: undefined } }, "The token's exp claim is not a time in epoch seconds."],
  ["one that is far too long", "x".repeat(8 * 1024 + 1), "The token is longer than 8192 characters."],
];

async function made(options: SignTokenOptions | string): Promise<string> {
  return typeof options === "string" ? options : gateway.token(workspaceId, options);
}

describe.each(BAD_TOKENS)("a bad token: %s", (_, options, reason) => {
  test("[AUTH-5] in connection_init closes 4403 with the check that failed", async () => {
    const bad = await made(options);
    const socket = await RawSocket.open(gateway.wsUrl);
    socket.send({ type: "connection_init", payload: { authorization: `Bearer ${bad}` } });
    expect(await socket.closed).toEqual({ code: 4403, reason });
    expect(socket.frames).toEqual([]);
  });

  test("[AUTH-4] in the upgrade is 401 for a server, which sees statuses", async () => {
    const refused = await refusalOf({ headers: { Authorization: `Bearer ${await made(options)}` } });
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.body)).toEqual({
      errors: [{ message: reason, extensions: { code: "UNAUTHENTICATED" } }],
    });
  });

  test("[AUTH-6] in the upgrade is accepted and closed 4403 for a browser, which sees closes", async () => {
    const bad = await made(options);
    const protocols = ["graphql-transport-ws", `bearer.${bad}`];
    const socket = await RawSocket.open(gateway.wsUrl, { protocols, headers: { Origin: ORIGIN } });
    expect(socket.protocol).toBe("graphql-transport-ws");
    const { code, reason: told } = await socket.closed;
    expect({ code, told }).toEqual({ code: 4403, told: reason });
    expect(told).not.toContain(bad);
  });
});

describe("credentials of an upgrade", () => {
  test.each([
    ["nothing at all", {}],
    ["a payload without a token", { payload: {} }],
    ["a token of another name", { payload: { jwt: "x" } }],
    ["Bearer and nothing behind it", { payload: { authorization: "Bearer " } }],
    ["a token that is no string", { payload: { token: { toString: "x" } } }],
  ])("[AUTH-5] connection_init with %s closes 4403", async (_, init) => {
    const socket = await RawSocket.open(gateway.wsUrl);
    socket.send({ type: "connection_init", ...init });
    expect(await socket.closed).toEqual({ code: 4403, reason: "connection_init holds no access token" });
  });

  test("[AUTH-12] an API key is taken from the header and not from a subprotocol item", async () => {
    const apiKey = await gateway.token(workspaceId, { type: "API_KEY" });
    const socket = await RawSocket.connect(gateway.wsUrl, apiKey);
    socket.close(1000);
    const refused = await refusalOf({ protocols: ["graphql-transport-ws", `bearer.${apiKey}`] });
    expect(refused).toMatchObject({ status: 401, body: expect.stringContaining("An API key is taken from") });
  });

  test("[AUTH-12] several bearer items are refused", async () => {
    const refused = await refusalOf({ protocols: ["graphql-transport-ws", `bearer.${token}`, `bearer.${token}x`] });
    expect(refused).toMatchObject({ status: 401, body: expect.stringContaining("Several bearer items") });
  });

  test("[AUTH-3] a token in the URL is never read", async () => {
    const socket = await RawSocket.open(`${gateway.wsUrl}?token=${token}&access_token=${token}&authorization=${token}`);
    socket.send({ type: "connection_init" });
    expect(await socket.closed).toMatchObject({ code: 4403 });
  });

  test("[AUTH-4] an Authorization header of another scheme is 401", async () => {
    expect(await refusalOf({ headers: { Authorization: `Basic ${token}` } })).toMatchObject({ status: 401 });
  });
});

describe("subprotocols", () => {
  const unspoken = { code: 4406, reason: "Subprotocol not acceptable" };

  test.each([
    ["one that is not spoken", ["soap"], "soap"],
    ["several that are not spoken", ["soap", "mqtt"], "soap"],
    ["a bearer item before one that is not spoken", ["bearer.x", "mqtt"], "mqtt"],
  ])("[CONN-4] %s is accepted with the first that is no token, and closed 4406", async (_, protocols, echoed) => {
    const socket = await RawSocket.open(gateway.wsUrl, { protocols });
    expect(socket.protocol).toBe(echoed);
    expect(await socket.closed).toEqual(unspoken);
  });

  test("[CONN-5] none offered is accepted and closed 4406", async () => {
    const socket = await RawSocket.open(gateway.wsUrl, { protocols: [] });
    expect(socket.protocol).toBe("");
    expect(await socket.closed).toEqual(unspoken);
  });

  test("[CONN-3] only a bearer item offered is accepted, selected by nobody, and closed 4406", async () => {
    const response = await upgraded({ "Sec-WebSocket-Protocol": `bearer.${token}` });
    expect(response.statusCode).toBe(101);
    expect(response.headers["sec-websocket-protocol"]).toBeUndefined();
  });

  test.each([
    ["/graphql", { Authorization: "Bearer x" }],
    ["/graphql", {}],
    [`/channels/${crypto.randomUUID()}`, { Authorization: "Bearer dev-channel-secret" }],
  ])("[CONN-1] no method but GET opens a socket at %s", async (path, headers: Record<string, string>) => {
    for (const method of ["POST", "PUT", "DELETE", "HEAD"]) {
      const asked = upgradeRequest(method, { ...headers, "Sec-WebSocket-Protocol": "graphql-transport-ws" }, path);
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      response.resume();
      expect([400, 401, 405]).toContain(response.statusCode);
    }
  });

  test("[CONN-2] the dialect is selected wherever it stands among others", async () => {
    const protocols = ["soap", `bearer.${token}`, "graphql-transport-ws"];
    const socket = await RawSocket.open(gateway.wsUrl, { protocols });
    expect(socket.protocol).toBe("graphql-transport-ws");
    socket.close(1000);
  });
});

describe("INIT_TIMEOUT_SECONDS=1", () => {
  let impatient: RunningGateway;
  beforeAll(async () => {
    impatient = await startBareGateway({ INIT_TIMEOUT_SECONDS: "1" });
  });
  afterAll(() => impatient.stop());

  test.each([
    ["handed to the object", () => ({ headers: { Authorization: `Bearer ${token}` } })],
    ["relayed by the edge", () => ({})],
  ])("[CONN-INIT] a socket %s that sends no connection_init is closed 4408", async (_, options) => {
    const socket = await RawSocket.open(impatient.wsUrl, options());
    expect(await socket.closed).toEqual({ code: 4408, reason: "Connection initialisation timeout" });
  });

  test.each([
    ["handed to the object", () => RawSocket.connect(impatient.wsUrl, token)],
    ["relayed by the edge", () => RawSocket.connectRelayed(impatient.wsUrl, token)],
  ])("[CONN-INIT] a socket %s that sent it in time stays open", async (_, connect) => {
    const socket = await connect();
    const other = await RawSocket.open(impatient.wsUrl);
    // The other one began later: when its time is over, so is that of the first.
    expect((await other.closed).code).toBe(4408);
    await socket.drain();
    socket.close(1000);
  });
});

describe("ALLOWED_ORIGINS with a list", () => {
  let listed: RunningGateway;
  beforeAll(async () => {
    listed = await startBareGateway({ ALLOWED_ORIGINS: `${ORIGIN},http://localhost:3001` });
  });
  afterAll(() => listed.stop());

  const open = (origin: string, how: "handed" | "relayed") => {
    const authorization = how === "handed" ? { Authorization: `Bearer ${token}` } : {};
    return RawSocket.open(listed.wsUrl, { headers: { Origin: origin, ...authorization } });
  };

  describe.each(["handed", "relayed"] as const)("%s", (how) => {
    test.each([ORIGIN, "http://localhost:3001", "https://APP.example.com"])("[CONN-6] lets %s in", async (origin) => {
      const socket = await open(origin, how);
      socket.send({ type: "connection_init", payload: { token } });
      expect(await socket.next()).toEqual({ type: "connection_ack" });
      socket.close(1000);
    });

    test.each([
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://evil.app.example.com",
      "https://app.example.com.evil.com",
      "https://evilapp.example.com",
      "https://example.com",
      "http://localhost:3000",
      "http://localhost",
      "null",
      "file://",
    ])("[CONN-6] closes 4403 for %s", async (origin) => {
      const socket = await open(origin, how);
      const expected: SocketClose = { code: 4403, reason: "Origin not allowed" };
      expect(await socket.closed).toEqual(expected);
    });

    test("[CONN-6] lets callers without an Origin in, which are no browsers", async () => {
      const socket = await (how === "handed"
        ? RawSocket.connect(listed.wsUrl, token)
        : RawSocket.connectRelayed(listed.wsUrl, token));
      socket.close(1000);
    });
  });
});

describe("[AUTH-9] with keys that cannot be fetched", () => {
  let keyless: RunningGateway;
  let signed: string;
  beforeAll(async () => {
    // Nobody listens at port 1.
    keyless = await startBareGateway({ JWKS_URL: "http://127.0.0.1:1/jwks" });
    const { privateKey } = await generateKeyPair("ES256");
    signed = await gateway.token(workspaceId, { key: { kid: crypto.randomUUID(), privateKey } });
  });
  afterAll(() => keyless.stop());

  test("[HTTP-4] [AUTH-9] a request is answered 503 with Retry-After, never 401", async () => {
    const response = await fetch(`${keyless.url}/graphql`, {
      method: "POST",
      headers: { Authorization: `Bearer ${signed}`, "Content-Type": "application/json" },
      body: JSON.stringify({ query: "{ gatewayVersion }" }),
    });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
    const error = { message: expect.any(String), extensions: { code: "KEYS_UNAVAILABLE" } };
    expect(await response.json()).toEqual({ errors: [error] });
  });

  test("an upgrade is answered 503, and closed 1013 for a browser", async () => {
    const headers = { Authorization: `Bearer ${signed}` };
    expect(await refusalOf({ headers }, keyless)).toMatchObject({ status: 503 });
    const socket = await RawSocket.open(keyless.wsUrl, { headers: { ...headers, Origin: ORIGIN } });
    expect((await socket.closed).code).toBe(1013);
  });

  test("a connection_init closes 1013", async () => {
    const socket = await RawSocket.open(keyless.wsUrl);
    socket.send({ type: "connection_init", payload: { token: signed } });
    expect((await socket.closed).code).toBe(1013);
  });

  test("[REFRESH-5] a refresh is answered with the expiry that holds, and the socket goes on", async () => {
    const socket = await RawSocket.connect(keyless.wsUrl, token);
    socket.send(subscribeToAll("1"));
    socket.send({ type: "ping", payload: { accessToken: signed } });
    const { exp } = JSON.parse(atob(token.split(".")[1] ?? "")) as { exp: number };
    expect(await socket.next()).toEqual({ type: "pong", payload: { tokenExpiresAt: exp * 1000 } });
    await keyless.publish(personUpdated(workspaceId, "Ada"));
    expect(await socket.next()).toMatchObject({ id: "1", type: "next" });
    socket.close(1000);
  });

  test("tokens that need no fetched key are taken", async () => {
    const socket = await RawSocket.connect(keyless.wsUrl, token);
    socket.close(1000);
  });
});

test("nothing of all that was an exception which nobody caught, and no token was logged", () => {
  expect(gateway.logs()).not.toMatch(/uncaught|unexpected|could not/i);
  expect(gateway.logs()).not.toContain(token.slice(-20));
});

async function refusalOf(options: RawSocketOptions, { wsUrl } = gateway): Promise<UpgradeRefused> {
  try {
    await RawSocket.open(wsUrl, options);
  } catch (thrown) {
    if (thrown instanceof UpgradeRefused) return thrown;
    throw thrown;
  }
  throw new Error("The upgrade was accepted.");
}

/** An upgrade without a WebSocket client, which would not show one that selects none of its items. */
async function upgraded(headers: Record<string, string>): Promise<IncomingMessage> {
  const [response, socket] = await once(upgradeRequest("GET", headers), "upgrade");
  socket.destroy();
  return response;
}

function upgradeRequest(method: string, headers: Record<string, string>, path = "/graphql"): ClientRequest {
  const upgrade = request(`${gateway.url}${path}`, {
    method,
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "c2x1aWNlLXRlc3Qta2V5IQ==",
      ...headers,
    },
  });
  return upgrade.end();
}
