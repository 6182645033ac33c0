import { describe, expect, it } from "vitest";
import { isLoopbackHost, parseSettings, type Settings, SettingsError, settingsOf } from "../../src/core/settings.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";

const WORKSPACE = "20202020-1c25-4d02-bf25-6aeccf7ea419";
const KID = "7f1b8c1e-93a4-4d5f-8a37-0f1a5d3c2b10";
const LONG_SECRET = "s".repeat(32);

const development = (bindings: Record<string, unknown> = {}) =>
  parseSettings({ ENVIRONMENT: "development", ...bindings });

function refused(bindings: Record<string, unknown>): SettingsError {
  try {
    parseSettings(bindings);
  } catch (thrown) {
    if (thrown instanceof SettingsError) return thrown;
    throw thrown;
  }
  throw new Error("The settings were taken.");
}

it("without any bindings are production's, and let nobody in", () => {
  expect(parseSettings({})).toMatchObject({
    environment: "production",
    appSecret: undefined,
    hs256: true,
    signingKeys: {},
    jwksUrl: undefined,
    publisherSecrets: [],
    adminSecrets: [],
    channelSecrets: [],
    allowedOrigins: [],
    playground: false,
    permissions: "required",
    graphqlPaths: ["/graphql", "/metadata"],
    upstreamGraphqlUrl: undefined,
    jurisdiction: undefined,
    locationHint: undefined,
    orderByRecord: false,
    devHosts: [],
  });
});

it("take the values of development", () => {
  expect(parseSettings(DEV_BINDINGS)).toMatchObject({
    environment: "development",
    appSecret: "dev-app-secret",
    allowedOrigins: "*",
    playground: true,
    permissions: "open",
  });
});

describe("each setting", () => {
  it.each<[string, string, keyof Settings, unknown]>([
    ["ENVIRONMENT", "development", "environment", "development"],
    ["ENVIRONMENT", "Development", "environment", "production"],
    ["ENVIRONMENT", "staging", "environment", "production"],
    ["APP_SECRET", ` ${LONG_SECRET} `, "appSecret", LONG_SECRET],
    ["APP_SECRET", " ", "appSecret", undefined],
    ["HS256", "off", "hs256", false],
    ["HS256", "on", "hs256", true],
    ["SIGNING_KEYS", JSON.stringify({ [KID.toUpperCase()]: "pem" }), "signingKeys", { [KID]: "pem" }],
    ["SIGNING_KEYS", JSON.stringify({ [KID]: { kty: "EC" } }), "signingKeys", { [KID]: { kty: "EC" } }],
    ["SIGNING_KEYS", "{}", "signingKeys", {}],
    ["JWKS_URL", "https://keys.example.com/jwks", "jwksUrl", "https://keys.example.com/jwks"],
    ["JWKS_URL", "http://127.0.0.1:3000/jwks", "jwksUrl", "http://127.0.0.1:3000/jwks"],
    ["JWKS_URL", "http://[::1]/jwks", "jwksUrl", "http://[::1]/jwks"],
    ["PUBLISHER_SECRETS", "one, two", "publisherSecrets", ["one", "two"]],
    ["PUBLISHER_SECRETS", ",one,, ,", "publisherSecrets", ["one"]],
    ["ADMIN_SECRETS", "one", "adminSecrets", ["one"]],
    ["ADMIN_SECRETS", ",", "adminSecrets", []],
    [
      "CHANNEL_SECRETS",
      `all,one:${WORKSPACE.toUpperCase()},with:colon`,
      "channelSecrets",
      [
        { secret: "all", workspaceId: undefined },
        { secret: "one", workspaceId: WORKSPACE },
        { secret: "with:colon", workspaceId: undefined },
      ],
    ],
    [
      "SECRET_FIELDS",
      "a.b, a.c,d.e,",
      "secretFields",
      new Map([
        ["a", new Set(["b", "c"])],
        ["d", new Set(["e"])],
      ]),
    ],
    [
      "ALLOWED_ORIGINS",
      "https://App.example.com,http://localhost:3000",
      "allowedOrigins",
      ["https://app.example.com", "http://localhost:3000"],
    ],
    ["PLAYGROUND", "on", "playground", true],
    ["PLAYGROUND", "off", "playground", false],
    ["PERMISSIONS", "open", "permissions", "open"],
    ["PERMISSIONS", "required", "permissions", "required"],
    ["GRAPHQL_PATHS", "/api/graphql,/v2", "graphqlPaths", ["/api/graphql", "/v2"]],
    [
      "UPSTREAM_GRAPHQL_URL",
      "https://twenty.example.com/metadata",
      "upstreamGraphqlUrl",
      "https://twenty.example.com/metadata",
    ],
    ["UPSTREAM_GRAPHQL_URL", "http://127.0.0.1:3000/metadata", "upstreamGraphqlUrl", "http://127.0.0.1:3000/metadata"],
    ["JURISDICTION", "eu", "jurisdiction", "eu"],
    ["LOCATION_HINT", "weur", "locationHint", "weur"],
    ["ORDER_BY_RECORD", "on", "orderByRecord", true],
    ["ORDER_BY_RECORD", "off", "orderByRecord", false],
    ["DEV_HOSTS", "Sluice.local, box", "devHosts", ["sluice.local", "box"]],
  ])("%s=%s is read", (name, value, key, parsed) => {
    expect(parseSettings({ [name]: value })[key]).toEqual(parsed);
  });

  it.each<[string, string]>([
    ["HS256", "yes-please"],
    ["SIGNING_KEYS", "not-json"],
    ["SIGNING_KEYS", '["not-an-object"]'],
    ["SIGNING_KEYS", '{"not-a-uuid":"pem"}'],
    ["SIGNING_KEYS", `{"${KID}":7}`],
    ["SIGNING_KEYS", `{"${KID}":null}`],
    ["SIGNING_KEYS", '{"__proto__":"pem"}'],
    ["JWKS_URL", "http://keys.example.com/jwks"],
    ["JWKS_URL", "keys.example.com"],
    ["JWKS_URL", "ftp://127.0.0.1/jwks"],
    ["JWKS_URL", "http://127.0.0.1.example.com/jwks"],
    ["CHANNEL_SECRETS", `own:${WORKSPACE.slice(1)}`],
    ["CHANNEL_SECRETS", `all,own:${WORKSPACE}0`],
    ["CHANNEL_SECRETS", `own: ${WORKSPACE}`],
    ["CHANNEL_SECRETS", `own:${WORKSPACE.replace("-", "g-")}`],
    ["SECRET_FIELDS", "webhook"],
    ["SECRET_FIELDS", "webhook."],
    ["SECRET_FIELDS", ".secret"],
    ["ALLOWED_ORIGINS", "front.internal"],
    ["ALLOWED_ORIGINS", "https://app.example.com/"],
    ["ALLOWED_ORIGINS", "https://app.example.com:443"],
    ["ALLOWED_ORIGINS", "*,https://app.example.com"],
    ["ALLOWED_ORIGINS", "https://*.example.com"],
    ["ALLOWED_ORIGINS", "null"],
    ["PLAYGROUND", "true"],
    ["PERMISSIONS", "closed"],
    ["GRAPHQL_PATHS", "no-slash"],
    ["GRAPHQL_PATHS", "/graphql/"],
    ["GRAPHQL_PATHS", "/"],
    ["GRAPHQL_PATHS", "/graphql?x"],
    ["GRAPHQL_PATHS", "/admin"],
    ["GRAPHQL_PATHS", "/publish/now"],
    ["GRAPHQL_PATHS", "/healthz"],
    ["UPSTREAM_GRAPHQL_URL", "twenty"],
    ["UPSTREAM_GRAPHQL_URL", "javascript:alert(1)"],
    ["UPSTREAM_GRAPHQL_URL", "http://twenty.internal/graphql"],
    ["UPSTREAM_GRAPHQL_URL", "https://me:secret@twenty.example.com/graphql"],
    ["JURISDICTION", "mars"],
    ["LOCATION_HINT", "moon"],
    ["ORDER_BY_RECORD", "maybe"],
    ["MAX_FRAME_BYTES", "lots"],
  ])("%s=%s is refused: the error names the setting, and holds nothing of its value", (name, value) => {
    const { setting, message } = refused({ ENVIRONMENT: "development", [name]: value });
    expect(setting).toBe(name);
    expect(message.startsWith(`Setting ${name}: expected `)).toBe(true);
    // "*" and "/" are too short to tell.
    if (value.length > 2) expect(message).not.toContain(value);
  });

  it.each([7, true, {}, null])("is a string, not %j", (value) => {
    expect(refused({ APP_SECRET: value })).toMatchObject({ message: "Setting APP_SECRET: expected a string." });
  });

  it("keeps Twenty's secrets out by default", () => {
    expect(parseSettings({ SECRET_FIELDS: "" }).secretFields).toEqual(
      new Map([
        ["webhook", new Set(["secret"])],
        ["connectedAccount", new Set(["accessToken", "refreshToken", "connectionParameters"])],
      ]),
    );
  });
});

describe("production", () => {
  it.each<[string, string]>([
    ["APP_SECRET", `dev-${LONG_SECRET}`],
    ["APP_SECRET", "s".repeat(31)],
    ["PUBLISHER_SECRETS", "good, dev-publisher-secret"],
    ["ADMIN_SECRETS", "dev-admin-secret"],
    ["CHANNEL_SECRETS", `dev-channel-secret:${WORKSPACE}`],
    ["ALLOWED_ORIGINS", "*"],
  ])("does not take %s=%s, which development does", (name, value) => {
    expect(() => development({ [name]: value })).not.toThrow();
    const { setting, message } = refused({ [name]: value });
    expect(setting).toBe(name);
    if (value.length > 2) expect(message).not.toContain(value);
  });

  it("takes an APP_SECRET of 32 characters", () => {
    expect(parseSettings({ APP_SECRET: LONG_SECRET }).appSecret).toBe(LONG_SECRET);
  });

  it.each([undefined, "", "production", "DEVELOPMENT", "dev"])("is meant by ENVIRONMENT=%s", (ENVIRONMENT) => {
    expect(refused({ ...DEV_BINDINGS, ENVIRONMENT }).setting).toBe("APP_SECRET");
  });
});

describe("settingsOf", () => {
  it("parses the bindings of a Worker once", () => {
    const env = { PERMISSIONS: "open", WORKSPACES: {}, ASSETS: {} };
    expect(settingsOf(env)).toBe(settingsOf(env));
    expect(settingsOf(env).permissions).toBe("open");
    expect(settingsOf({ ...env })).not.toBe(settingsOf(env));
  });

  it("throws each time for bad ones", () => {
    const env = { PERMISSIONS: "closed" };
    for (let i = 0; i < 2; i++) expect(() => settingsOf(env)).toThrow(SettingsError);
  });
});

describe("isLoopbackHost", () => {
  it.each(["localhost", "127.0.0.1", "127.8.9.10", "[::1]"])("takes %s", (host) =>
    expect(isLoopbackHost(host)).toBe(true),
  );
  it.each(["", "localhost.example.com", "127.0.0.1.example.com", "1127.0.0.1", "128.0.0.1", "0.0.0.0", "::1", "[::2]"])(
    "does not take %j",
    (host) => expect(isLoopbackHost(host)).toBe(false),
  );
});
