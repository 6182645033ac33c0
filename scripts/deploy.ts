/**
 * Checks the settings as the gateway itself would, then deploys: `npm run deploy -- [--secrets-file FILE] [--check]`.
 * Whatever else is given goes on to `wrangler deploy`; of that `--config`, `--env`, `--env-file` and `--var` say what there is
 * to check.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { unstable_readConfig } from "wrangler";
import { createSigningKeys } from "../src/auth/signing-keys.ts";
import { parseSettings, type Settings, SettingsError } from "../src/core/settings.ts";
import { ROOT } from "./lib/dev-vars.ts";

const { values: options, positionals } = parseArgs({
  strict: false,
  options: {
    "secrets-file": { type: "string" },
    check: { type: "boolean" },
    config: { type: "string", short: "c" },
    env: { type: "string", short: "e" },
    "env-file": { type: "string", multiple: true },
    var: { type: "string", multiple: true },
  },
});

try {
  await checkDeployment();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`Not deployed. ${error.message}\n`);
  process.exit(1);
}
process.stdout.write("The settings that are known here are fit for production.\n");
if (options.check !== true) {
  const passedOn = process.argv.slice(2).filter((argument) => argument !== "--check");
  const { status } = spawnSync(join(ROOT, "node_modules", ".bin", "wrangler"), ["deploy", ...passedOn], {
    cwd: ROOT,
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}

async function checkDeployment(): Promise<void> {
  // Without --env it is CLOUDFLARE_ENV that chooses, here as in wrangler, which looks for it in files as well.
  loadEnvFiles();
  const env = typeof options.env === "string" ? { env: options.env } : {};
  const file = typeof options.config === "string" ? options.config : "wrangler.jsonc";
  const config = unstable_readConfig({ config: resolve(ROOT, file), ...env });
  const secretsFile = options["secrets-file"];
  const secrets = typeof secretsFile === "string" ? readSecrets(secretsFile) : {};
  const bindings: Record<string, unknown> = { ...config.vars, ...givenVars(), ...secrets };
  if (bindings["ENVIRONMENT"] === "development") {
    throw new SettingsError("ENVIRONMENT", 'nothing, or "production": development stands in .dev.vars only');
  }
  const { settings, unknown } = readSettings(bindings);
  const keys = createSigningKeys({ settings, now: Date.now, fetch });
  for (const kid of Object.keys(settings.signingKeys)) await keys.find(kid, 0);
  for (const name of unknown) {
    process.stdout.write(`${name} is no setting of the gateway: a mistyped name leaves the default.\n`);
  }
  // They would hold the subprotocol header, and so the tokens of browsers.
  if (config.observability?.logs?.invocation_logs !== false) {
    throw new SettingsError("observability.logs.invocation_logs in wrangler.jsonc", "false");
  }
  const sources = ["APP_SECRET", "SIGNING_KEYS", "JWKS_URL"];
  if (!sources.some((name) => bindings[name] !== undefined)) {
    process.stdout.write(
      `None of ${sources.join(", ")} is known here: no token verifies unless one is set as a secret.\n`,
    );
  }
}

/**
 * The settings, and the names among them that the gateway never asks for.
 * @throws SettingsError as `parseSettings`
 */
function readSettings(bindings: Readonly<Record<string, unknown>>): { settings: Settings; unknown: string[] } {
  const asked = new Set<string | symbol>();
  const watched = new Proxy(bindings, {
    get(target, name) {
      asked.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
  const settings = parseSettings(watched);
  return { settings, unknown: Object.keys(bindings).filter((name) => !asked.has(name)) };
}

/** What is set already goes before what stands in a file, and a later file before an earlier one. */
function loadEnvFiles(): void {
  const given = options["env-file"]?.filter((file) => typeof file === "string");
  for (const file of (given ?? [".env", ".env.local"]).map((name) => resolve(ROOT, name)).reverse()) {
    if (existsSync(file)) process.loadEnvFile(file);
  }
}

/** Each is `NAME:value`. Wrangler takes all that follow one `--var`, and a script, which is no such pair, stands alone. */
function givenVars(): Record<string, string> {
  const given = [...(options.var ?? []), ...positionals.filter((each) => each.includes(":"))].filter(
    (each) => typeof each === "string",
  );
  return Object.fromEntries(given.map((each) => [each.split(":", 1)[0], each.slice(each.indexOf(":") + 1)]));
}

function readSecrets(file: string): Record<string, unknown> {
  if (!existsSync(file)) throw new SettingsError("--secrets-file", `a file, and there is none at ${resolve(file)}`);
  const text = readFileSync(file, "utf8");
  if (!text.trimStart().startsWith("{")) return parseEnv(text);
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // What a parser says of it quotes what stands there.
    throw new SettingsError("--secrets-file", "JSON, or lines of NAME=value");
  }
}
