import { beforeAll, describe, expect, it } from "vitest";
import { authenticateRequest, tokenFromInitPayload } from "../../src/auth/token-sources.ts";
import { GatewayError } from "../../src/core/errors.ts";
import { JWKS_URL, makeKey, OTHER_ID, refusalOf, TestFetch, tokenOf, USER_ID, verifierWith } from "./support.ts";

const ORIGIN = "https://app.example.com";
const SETTINGS = { allowedOrigins: [ORIGIN] };
const UPGRADE = { upgrade: "websocket" };

let token: string;
let otherToken: string;
let apiKeyToken: string;
let expired: string;
beforeAll(async () => {
  token = await tokenOf();
  otherToken = await tokenOf({ userId: OTHER_ID, userWorkspaceId: OTHER_ID });
  apiKeyToken = await tokenOf({ type: "API_KEY" });
  expired = await tokenOf({ expiresInSeconds: -1 });
});

function authenticate(
  headers: Record<string, string>,
  settings: Parameters<typeof authenticateRequest>[2] = SETTINGS,
  url = "/graphql",
) {
  // `Request` refuses to be built with a cookie or an upgrade outside the Workers runtime.
  const request = { url: `https://gateway.example.com${url}`, headers: new Headers(headers) } as Request;
  return authenticateRequest(request, verifierWith(), settings);
}

function cookie(pair: unknown): Record<string, string> {
  return { origin: ORIGIN, cookie: `theme=dark; tokenPair=${encodeURIComponent(JSON.stringify(pair))}; last=1` };
}

describe("no token", () => {
  it("is nobody, not an error", async () => {
    expect(await authenticate({})).toBeUndefined();
    expect(await authenticate({ authorization: "" })).toBeUndefined();
    expect(await authenticate({ ...UPGRADE, "sec-websocket-protocol": "graphql-transport-ws" })).toBeUndefined();
  });

  it("one in the URL is none", async () => {
    for (const name of ["token", "access_token", "authorization"]) {
      expect(await authenticate(UPGRADE, SETTINGS, `/graphql?${name}=${token}`)).toBeUndefined();
    }
  });
});

describe("the Authorization header", () => {
  it.each(["Bearer", "bearer", "BEARER", "Bearer  "])("is read with scheme %j", async (scheme) => {
    expect(await authenticate({ authorization: `${scheme} ${token}` })).toMatchObject({ userId: USER_ID });
  });

  it("takes an API key", async () => {
    expect(await authenticate({ authorization: `Bearer ${apiKeyToken}` })).toMatchObject({ kind: "apiKey" });
  });

  it.each(["Basic dXNlcjpwYXNz", "Bearer", "Digest x", "token", "Bearer\u00a0x"])(
    "of the form %j is refused",
    async (authorization) => {
      const headers = { ...UPGRADE, authorization, "sec-websocket-protocol": `bearer.${token}` };
      expect(await refusalOf(authenticate(headers))).toContain("Authorization header");
    },
  );

  it("that is bad is not made good by another source", async () => {
    const headers = { ...UPGRADE, ...cookie({ accessToken: { token } }), "sec-websocket-protocol": `bearer.${token}` };
    expect(await refusalOf(authenticate({ ...headers, authorization: `Bearer ${expired}` }))).toBe(
      "The token has expired.",
    );
  });

  it("comes before the subprotocol and the cookie", async () => {
    const headers = { ...UPGRADE, ...cookie({ accessToken: { token } }), "sec-websocket-protocol": `bearer.${token}` };
    expect(await authenticate({ ...headers, authorization: `Bearer ${otherToken}` })).toMatchObject({
      userId: OTHER_ID,
    });
  });

  it("given twice is refused", async () => {
    await refusalOf(authenticate({ authorization: `Bearer ${token}, Bearer ${token}` }));
  });

  it("with an opaque session of Twenty is refused", async () => {
    expect(await refusalOf(authenticate({ authorization: "Bearer sess_abc" }))).toBe("The token is not a JWT.");
  });
});

describe("the subprotocol item", () => {
  const protocols = (...items: string[]) => ({ ...UPGRADE, "sec-websocket-protocol": items.join(", ") });

  it("is read wherever it stands in the list", async () => {
    expect(await authenticate(protocols("graphql-transport-ws", `bearer.${token}`))).toMatchObject({ userId: USER_ID });
    expect(await authenticate(protocols(`bearer.${token}`, "graphql-ws"))).toMatchObject({ userId: USER_ID });
    const tight = { upgrade: "WebSocket", "sec-websocket-protocol": `graphql-ws,bearer.${token}` };
    expect(await authenticate(tight)).toMatchObject({ userId: USER_ID });
  });

  it("only counts on an upgrade", async () => {
    expect(await authenticate({ "sec-websocket-protocol": `bearer.${token}` })).toBeUndefined();
  });

  it("that is bad or empty is refused", async () => {
    expect(await refusalOf(authenticate(protocols(`bearer.${expired}`)))).toBe("The token has expired.");
    expect(await refusalOf(authenticate(protocols("bearer.", "graphql-ws")))).toBe("The token is not a JWT.");
  });

  it("may be there once only, alone or beside a header", async () => {
    const twice = protocols(`bearer.${token}`, "graphql-ws", `bearer.${token}`);
    expect(await refusalOf(authenticate(twice))).toBe("Several bearer items are among the subprotocols.");
    await refusalOf(authenticate({ ...twice, authorization: `Bearer ${token}` }));
  });

  it("may hold no API key", async () => {
    expect(await refusalOf(authenticate(protocols(`bearer.${apiKeyToken}`)))).toContain("API key");
  });

  it("comes before the cookie", async () => {
    const headers = { ...cookie({ accessToken: { token } }), ...protocols(`bearer.${otherToken}`) };
    expect(await authenticate(headers)).toMatchObject({ userId: OTHER_ID });
  });
});

describe("the cookie", () => {
  it("gives accessOrWorkspaceAgnosticToken, else accessToken", async () => {
    expect(await authenticate(cookie({ accessToken: { token } }))).toMatchObject({ userId: USER_ID });
    const both = { accessOrWorkspaceAgnosticToken: { token: otherToken }, accessToken: { token } };
    expect(await authenticate(cookie(both))).toMatchObject({ userId: OTHER_ID });
    const empty = { accessOrWorkspaceAgnosticToken: { token: "" }, accessToken: { token } };
    expect(await authenticate(cookie(empty))).toMatchObject({ userId: USER_ID });
    expect(await authenticate({ ...cookie(both), ...UPGRADE })).toMatchObject({ userId: OTHER_ID });
  });

  it("is read as js-cookie writes it, with some characters left as they are", async () => {
    const written = encodeURIComponent(JSON.stringify({ accessToken: { token } })).replace(
      /%(7B|7D|3A)/g,
      decodeURIComponent,
    );
    expect(await authenticate({ origin: ORIGIN, cookie: `tokenPair=${written}` })).toMatchObject({ userId: USER_ID });
  });

  it("[AUTH-11] only counts with an Origin from the list", async () => {
    const { cookie: value } = cookie({ accessToken: { token } });
    const headers = { ...(value !== undefined && { cookie: value }) };
    expect(await authenticate(headers)).toBeUndefined();
    for (const origin of [
      "https://evil.com",
      "https://evil-app.example.com",
      "https://app.example.com.evil.com",
      "null",
    ]) {
      expect(await authenticate({ ...headers, origin })).toBeUndefined();
    }
    expect(await authenticate({ ...headers, origin: ORIGIN }, { allowedOrigins: [] })).toBeUndefined();
    expect(await authenticate({ ...headers, origin: ORIGIN }, { allowedOrigins: "*" })).toBeUndefined();
  });

  it("[AUTH-11] that does not verify counts as absent", async () => {
    expect(await authenticate(cookie({ accessToken: { token: expired } }))).toBeUndefined();
    expect(
      await authenticate(cookie({ accessOrWorkspaceAgnosticToken: { token: expired }, accessToken: { token } })),
    ).toBeUndefined();
    for (const pair of [
      null,
      [],
      "text",
      5,
      {},
      { accessToken: null },
      { accessToken: { token: 5 } },
      { accessToken: token },
    ]) {
      expect(await authenticate(cookie(pair))).toBeUndefined();
    }
    for (const value of ["%", "{", "", "%7B%22", "a=b"]) {
      expect(await authenticate({ origin: ORIGIN, cookie: `tokenPair=${value}` })).toBeUndefined();
    }
    expect(
      await authenticate({ origin: ORIGIN, cookie: `xtokenPair=${token}; tokenPair2=${token}; tokenPair` }),
    ).toBeUndefined();
  });

  it("of absurd size counts as absent", async () => {
    const padded = (length: number) => cookie({ accessToken: { token }, padding: "x".repeat(length) });
    expect(await authenticate(padded(20_000))).toMatchObject({ userId: USER_ID });
    expect(await authenticate(padded(25_000))).toBeUndefined();
  });

  it("whose keys cannot be fetched is no absent one", async () => {
    const signed = await tokenOf({ key: await makeKey() });
    const request = { headers: new Headers(cookie({ accessToken: { token: signed } })) } as Request;
    const verifier = verifierWith({ JWKS_URL }, undefined, new TestFetch());
    await refusalOf(authenticateRequest(request, verifier, SETTINGS), "KEYS_UNAVAILABLE");
  });

  it("does not hide a fault of the gateway", async () => {
    const request = { headers: new Headers(cookie({ accessToken: { token } })) } as Request;
    const broken = { verify: () => Promise.reject(new GatewayError("INTERNAL_SERVER_ERROR", "broken")) };
    await refusalOf(authenticateRequest(request, broken, SETTINGS), "INTERNAL_SERVER_ERROR");
  });
});

describe("tokenFromInitPayload", () => {
  it.each([
    [{ authorization: "t" }],
    [{ Authorization: "t" }],
    [{ accessToken: "t" }],
    [{ token: "t" }],
    [{ headers: { authorization: "t" } }],
    [{ headers: { Authorization: "t" } }],
    [{ authorization: "Bearer t" }],
    [{ Authorization: "bearer  t " }],
    [{ token: "Bearer t" }],
    [{ authorization: "", accessToken: "t" }],
    [{ authorization: "Bearer ", token: "t" }],
    [{ authorization: 7, headers: { Authorization: "Bearer t" } }],
  ])("finds the token in %j", (payload) => {
    expect(tokenFromInitPayload(payload)).toBe("t");
  });

  it("takes the first one in the order of the list", () => {
    const all = {
      headers: { authorization: "5", Authorization: "6" },
      token: "4",
      accessToken: "3",
      Authorization: "2",
    };
    expect(tokenFromInitPayload({ ...all, authorization: "1" })).toBe("1");
    expect(tokenFromInitPayload(all)).toBe("2");
  });

  it.each([
    [undefined],
    [null],
    ["t"],
    [5],
    [[]],
    [["t"]],
    [{}],
    [{ token: null }],
    [{ token: ["t"] }],
    [{ authorization: "Bearer" }],
    [{ headers: "t" }],
    [{ headers: { token: "t" } }],
    [{ jwt: "t" }],
    [Object.create({ token: "t" })],
  ])("finds none in %j", (payload) => {
    expect(tokenFromInitPayload(payload)).toBeUndefined();
  });
});
