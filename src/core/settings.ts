import { LIMITS, type Limits, limitsFrom } from "./limits.ts";
import { parseUuid } from "./uuid.ts";

/** What the vars and secrets of the Worker say, parsed once and checked. */
export interface Settings {
  readonly environment: "development" | "production";
  readonly appSecret: string | undefined;
  /** Whether legacy HS256 tokens are accepted. */
  readonly hs256: boolean;
  /** Key id to SPKI PEM or JWK. */
  readonly signingKeys: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>;
  readonly jwksUrl: string | undefined;
  readonly publisherSecrets: readonly string[];
  readonly adminSecrets: readonly string[];
  readonly channelSecrets: readonly ChannelSecret[];
  /** Object name to the names of its fields that nobody may see. */
  readonly secretFields: ReadonlyMap<string, ReadonlySet<string>>;
  /** "*" is any origin without credentials; an empty list answers no cross-origin request. */
  readonly allowedOrigins: "*" | readonly string[];
  readonly playground: boolean;
  /** What a workspace without a permission snapshot gets: all record events, or none. */
  readonly permissions: "open" | "required";
  readonly graphqlPaths: readonly string[];
  /** Where operations go that are not of the gateway's own schema. */
  readonly upstreamGraphqlUrl: string | undefined;
  readonly jurisdiction: DurableObjectJurisdictionName | undefined;
  readonly locationHint: DurableObjectLocationHintName | undefined;
  readonly orderByRecord: boolean;
  /** Host names answered in development besides the loopback ones. */
  readonly devHosts: readonly string[];
  readonly limits: Limits;
}

export interface ChannelSecret {
  readonly secret: string;
  /** In lower case; undefined opens every workspace. */
  readonly workspaceId: string | undefined;
}

type DurableObjectJurisdictionName = (typeof JURISDICTIONS)[number];
type DurableObjectLocationHintName = (typeof LOCATION_HINTS)[number];

const JURISDICTIONS = ["eu", "us", "fedramp"] as const;
const LOCATION_HINTS = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;
const DEFAULT_SECRET_FIELDS =
  "webhook.secret,connectedAccount.accessToken,connectedAccount.refreshToken,connectedAccount.connectionParameters";
const MIN_APP_SECRET_LENGTH = 32;

/** A setting that cannot be used. The message names it and says what was expected; it never holds the value. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly setting: string;

  constructor(setting: string, expected: string) {
    super(`Setting ${setting}: expected ${expected}.`);
    this.setting = setting;
  }
}

/**
 * Parses the settings among the bindings of a Worker.
 * @throws SettingsError for the first setting that is malformed, or that production does not allow.
 */
export function parseSettings(bindings: Readonly<Record<string, unknown>>): Settings {
  const environment = text(bindings, "ENVIRONMENT") === "development" ? "development" : "production";
  const settings: Settings = {
    environment,
    appSecret: text(bindings, "APP_SECRET"),
    hs256: oneOf(bindings, "HS256", ["on", "off"], "on") === "on",
    signingKeys: parseSigningKeys(text(bindings, "SIGNING_KEYS")),
    jwksUrl: parseUrl("JWKS_URL", text(bindings, "JWKS_URL")),
    publisherSecrets: list(bindings, "PUBLISHER_SECRETS"),
    adminSecrets: list(bindings, "ADMIN_SECRETS"),
    channelSecrets: list(bindings, "CHANNEL_SECRETS").map(parseChannelSecret),
    secretFields: parseSecretFields(text(bindings, "SECRET_FIELDS") ?? DEFAULT_SECRET_FIELDS),
    allowedOrigins: parseOrigins(list(bindings, "ALLOWED_ORIGINS")),
    playground: oneOf(bindings, "PLAYGROUND", ["on", "off"], "off") === "on",
    permissions: oneOf(bindings, "PERMISSIONS", ["open", "required"], "required"),
    graphqlPaths: parsePaths(list(bindings, "GRAPHQL_PATHS")),
    upstreamGraphqlUrl: parseUrl("UPSTREAM_GRAPHQL_URL", text(bindings, "UPSTREAM_GRAPHQL_URL")),
    jurisdiction: oneOf(bindings, "JURISDICTION", JURISDICTIONS, undefined),
    locationHint: oneOf(bindings, "LOCATION_HINT", LOCATION_HINTS, undefined),
    orderByRecord: oneOf(bindings, "ORDER_BY_RECORD", ["on", "off"], "off") === "on",
    devHosts: list(bindings, "DEV_HOSTS").map((host) => host.toLowerCase()),
    limits: limitsFrom((name) => parseLimit(name, text(bindings, name))),
  };
  if (environment === "production") assertFitForProduction(settings);
  return settings;
}

/** The settings of a Worker's bindings, parsed once per isolate; the bindings are the same object in every event. */
export function settingsOf(env: object): Settings {
  let settings = settingsByEnv.get(env);
  if (settings === undefined) {
    settings = parseSettings({ ...env });
    settingsByEnv.set(env, settings);
  }
  return settings;
}

const settingsByEnv = new WeakMap<object, Settings>();

function assertFitForProduction(settings: Settings): void {
  const secrets: [string, readonly string[]][] = [
    ["APP_SECRET", settings.appSecret === undefined ? [] : [settings.appSecret]],
    ["PUBLISHER_SECRETS", settings.publisherSecrets],
    ["ADMIN_SECRETS", settings.adminSecrets],
    ["CHANNEL_SECRETS", settings.channelSecrets.map(({ secret }) => secret)],
  ];
  for (const [name, values] of secrets) {
    if (values.some((value) => value.startsWith("dev-"))) {
      throw new SettingsError(name, 'a secret that does not begin with "dev-" (outside ENVIRONMENT=development)');
    }
  }
  if (settings.appSecret !== undefined && settings.appSecret.length < MIN_APP_SECRET_LENGTH) {
    throw new SettingsError("APP_SECRET", `at least ${MIN_APP_SECRET_LENGTH} characters`);
  }
  if (settings.allowedOrigins === "*") {
    throw new SettingsError("ALLOWED_ORIGINS", 'a list of origins ("*" is for ENVIRONMENT=development)');
  }
}

function text(bindings: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = bindings[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new SettingsError(name, "a string");
  const trimmed = value.trim();
  return trimmed === "" ? undefined : trimmed;
}

function list(bindings: Readonly<Record<string, unknown>>, name: string): string[] {
  const items = (text(bindings, name) ?? "").split(",").map((item) => item.trim());
  return items.filter((item) => item !== "");
}

function oneOf<const Value extends string, Fallback>(
  bindings: Readonly<Record<string, unknown>>,
  name: string,
  values: readonly Value[],
  fallback: Fallback & (Value | undefined),
): Value | Fallback {
  const value = text(bindings, name);
  if (value === undefined) return fallback;
  const known = values.find((candidate) => candidate === value);
  if (known === undefined) throw new SettingsError(name, `one of ${values.join(", ")}`);
  return known;
}

function parseSigningKeys(json: string | undefined): Settings["signingKeys"] {
  if (json === undefined) return {};
  const expected = "a JSON object of key id (UUID) to SPKI PEM or JWK";
  let keys: unknown;
  try {
    keys = JSON.parse(json);
  } catch {
    throw new SettingsError("SIGNING_KEYS", expected);
  }
  if (typeof keys !== "object" || keys === null || Array.isArray(keys))
    throw new SettingsError("SIGNING_KEYS", expected);
  const parsed: [string, string | Record<string, unknown>][] = [];
  for (const [kid, key] of Object.entries(keys)) {
    const uuid = parseUuid(kid);
    const isKey = typeof key === "string" || (typeof key === "object" && key !== null && !Array.isArray(key));
    if (uuid === undefined || !isKey) throw new SettingsError("SIGNING_KEYS", expected);
    parsed.push([uuid, key]);
  }
  return Object.fromEntries(parsed);
}

/** An address that is asked over the network. Without TLS only this machine is. */
function parseUrl(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const { protocol, hostname, username, password } = URL.canParse(value) ? new URL(value) : NO_URL;
  const isSafe = protocol === "https:" || (protocol === "http:" && isLoopbackHost(hostname));
  // Requests cannot carry credentials in their address.
  if (!isSafe || username !== "" || password !== "") throw new SettingsError(name, "an https URL without credentials");
  return value;
}

const NO_URL = { protocol: "", hostname: "", username: "", password: "" };

/** What only a mistyped workspace id looks like: taken for a part of the secret, it would open every workspace. */
const NEARLY_UUID = /:\s*\w+(-\w+){3,}$/;

function parseChannelSecret(item: string): ChannelSecret {
  const workspaceId = item.at(-37) === ":" ? parseUuid(item.slice(-36)) : undefined;
  if (workspaceId === undefined && NEARLY_UUID.test(item)) {
    throw new SettingsError("CHANNEL_SECRETS", "a list of secret or secret:workspaceId, the id being a UUID");
  }
  return { secret: workspaceId === undefined ? item : item.slice(0, -37), workspaceId };
}

function parseSecretFields(value: string): ReadonlyMap<string, ReadonlySet<string>> {
  const fields = new Map<string, Set<string>>();
  for (const item of value.split(",").map((entry) => entry.trim())) {
    if (item === "") continue;
    // The last dot: names of objects may hold others.
    const dot = item.lastIndexOf(".");
    const [object, field] = [item.slice(0, Math.max(dot, 0)), item.slice(dot + 1)];
    if (object === "" || field === "") throw new SettingsError("SECRET_FIELDS", "a list of object.field");
    fields.set(object, (fields.get(object) ?? new Set()).add(field));
  }
  return fields;
}

function parseOrigins(items: readonly string[]): Settings["allowedOrigins"] {
  if (items.length === 1 && items[0] === "*") return "*";
  for (const item of items) {
    if (item.includes("*") || !URL.canParse(item) || new URL(item).origin !== item.toLowerCase()) {
      throw new SettingsError("ALLOWED_ORIGINS", 'a list of origins like https://app.example.com, or "*"');
    }
  }
  return items.map((item) => item.toLowerCase());
}

function parsePaths(items: readonly string[]): readonly string[] {
  if (items.length === 0) return ["/graphql", "/metadata"];
  const taken = /^\/(publish|admin|channels|healthz|graphiql)(\/|$)/;
  for (const item of items) {
    if (!/^(\/[\w.-]+)+$/.test(item) || taken.test(item)) {
      throw new SettingsError("GRAPHQL_PATHS", "a list of paths like /graphql that no other door has");
    }
  }
  return items;
}

function parseLimit(name: keyof Limits, value: string | undefined): number {
  const { default: fallback, min, max, unit } = LIMITS[name];
  if (value === undefined) return fallback;
  const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (!(parsed >= min && parsed <= max))
    throw new SettingsError(name, `a whole number from ${min} to ${max} (${unit})`);
  return parsed;
}

/** Whether a host name (as in `URL.hostname`) can only be this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
