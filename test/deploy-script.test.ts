import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

// Each run of the script is a process of its own.
vi.setConfig({ testTimeout: 30_000 });

const ROOT = join(import.meta.dirname, "..");
const OBSERVABILITY = { enabled: true, logs: { enabled: true, invocation_logs: false } };

let folder: string;
let config: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-deploy-"));
  config = join(folder, "wrangler.json");
  writeFileSync(join(folder, "worker.js"), "export default {};");
  const env = {
    good: { vars: { PERMISSIONS: "open" } },
    development: { vars: { ENVIRONMENT: "development" } },
    logging: { observability: { enabled: true } },
  };
  const worker = { name: "sluice", main: "worker.js", compatibility_date: "2026-11-01", observability: OBSERVABILITY };
  writeFileSync(config, JSON.stringify({ ...worker, vars: { PLAYGROUND: "perhaps" }, env }));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...options: string[]) {
  const script = join(ROOT, "scripts", "deploy.ts");
  return spawnSync(process.execPath, [script, "--check", ...options], { encoding: "utf8" });
}

function check(...options: string[]) {
  const { status, stdout, stderr } = run(...options);
  const unknown = Array.from(stdout.matchAll(/^(\S+) is no setting/gm), ([, name]) => name);
  return {
    status,
    refusal: /Not deployed\. Setting (\S+?):? /.exec(stderr)?.[1],
    ...(unknown.length > 0 && { unknown }),
  };
}

describe("npm run deploy", () => {
  it("checks the configuration that is deployed, which may be another one", () => {
    expect(check()).toEqual({ status: 0, refusal: undefined });
    expect(check("--config", config)).toEqual({ status: 1, refusal: "PLAYGROUND" });
    expect(check("-c", config)).toEqual({ status: 1, refusal: "PLAYGROUND" });
  });

  it("checks the environment of it that is deployed", () => {
    expect(check("--config", config, "--env", "good")).toEqual({ status: 0, refusal: undefined });
    expect(check("--config", config, "--env=development")).toEqual({ status: 1, refusal: "ENVIRONMENT" });
    expect(check("--config", config, "-e", "logging").refusal).toBe("observability.logs.invocation_logs");
  });

  it("checks the environment that a file names to wrangler", () => {
    const [first, second] = [join(folder, "first.env"), join(folder, "second.env")];
    writeFileSync(first, "CLOUDFLARE_ENV=good\n");
    writeFileSync(second, "CLOUDFLARE_ENV=logging\n");
    const files = (...names: string[]) => ["--config", config, ...names.flatMap((name) => ["--env-file", name])];
    expect(check(...files(first, second)).refusal).toBe("observability.logs.invocation_logs");
    expect(check(...files(second, first))).toEqual({ status: 0, refusal: undefined });
    expect(check(...files(first, second), "--env", "good")).toEqual({ status: 0, refusal: undefined });
  });

  it("checks vars that are given with it, which go before those of the configuration", () => {
    expect(check("--var", "PERMISSIONS:open", "--var", "JWKS_URL:http://keys.example.com")).toEqual({
      status: 1,
      refusal: "JWKS_URL",
    });
    expect(check("--var", "PERMISSIONS:open", "JWKS_URL:http://keys.example.com").refusal).toBe("JWKS_URL");
    expect(check("--config", config, "--var", "PLAYGROUND:off")).toEqual({ status: 0, refusal: undefined });
  });

  it("imports the keys of SIGNING_KEYS, which are looked at otherwise when a token first names one", () => {
    const secrets = join(folder, "secrets.json");
    const write = (key: object) =>
      writeFileSync(secrets, JSON.stringify({ SIGNING_KEYS: JSON.stringify({ [crypto.randomUUID()]: key }) }));
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    write(publicKey.export({ format: "jwk" }));
    expect(check("--secrets-file", secrets)).toEqual({ status: 0, refusal: undefined });
    write({ kty: "RSA" });
    expect(check("--secrets-file", secrets)).toEqual({ status: 1, refusal: "SIGNING_KEYS" });
  });

  it("prints nothing of a file of secrets that it cannot read", () => {
    const secrets = join(folder, "broken.json");
    writeFileSync(secrets, '{"APP_SECRET": "s3cret", }');
    const { stdout, stderr } = run("--secrets-file", secrets);
    expect(stdout + stderr).toContain("Not deployed. Setting --secrets-file");
    expect(stdout + stderr).not.toContain("s3cret");
  });

  it("tells of names that are no settings, and of a file of secrets that is not there", () => {
    const secrets = join(folder, "secrets.env");
    writeFileSync(secrets, "PUBLISHER_SECRTS=s3cret\nLOG_MAX_AGE_SECONDS=600\n");
    expect(check("--secrets-file", secrets)).toEqual({ status: 0, refusal: undefined, unknown: ["PUBLISHER_SECRTS"] });
    expect(check("--secrets-file", join(folder, "none.env"))).toEqual({ status: 1, refusal: "--secrets-file" });
  });
});
