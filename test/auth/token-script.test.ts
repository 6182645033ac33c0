import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { decodeJwt } from "jose";
import { describe, expect, it, vi } from "vitest";
import { signToken } from "../../scripts/lib/sign-token.ts";
import { createTokenVerifier } from "../../src/auth/verify-token.ts";
import { identityOf } from "../../src/core/principal.ts";
import { parseSettings } from "../../src/core/settings.ts";
import { APP_SECRET, OTHER_ID, USER_ID, WORKSPACE_ID } from "./support.ts";

// Each run of the script is a process of its own.
vi.setConfig({ testTimeout: 30_000 });

const ROOT = join(import.meta.dirname, "../..");

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "scripts/token.ts"), ...args], {
    env: { ...process.env, APP_SECRET },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** A developer's own .dev.vars comes before the environment. */
function scriptSecret(): string {
  const path = join(ROOT, ".dev.vars");
  return (existsSync(path) && parseEnv(readFileSync(path, "utf8")).APP_SECRET) || APP_SECRET;
}

function principalOf(token: string, appSecret = APP_SECRET) {
  const settings = parseSettings({ APP_SECRET: appSecret, ENVIRONMENT: "development" });
  return createTokenVerifier({ settings, now: Date.now, fetch }).verify(token);
}

describe("npm run token", () => {
  it("prints a token that verifies, and nothing else", async () => {
    const { status, stdout, stderr } = run("--workspace", WORKSPACE_ID, "--user", USER_ID, "--expires", "45s");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const principal = await principalOf(stdout.trim(), scriptSecret());
    expect(principal).toMatchObject({ kind: "user", workspaceId: WORKSPACE_ID, userId: USER_ID });
    expect(principal.expiresAt - principal.issuedAt).toBe(45);
  });

  it("has defaults for everything", () => {
    const claims = decodeJwt(run().stdout.trim());
    expect(claims).toMatchObject({ type: "ACCESS", isImpersonating: false });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(30 * 60);
  });

  it("makes every accepted type", () => {
    expect(
      decodeJwt(run("--type", "API_KEY", "--api-key", OTHER_ID, "--workspace", WORKSPACE_ID).stdout),
    ).toMatchObject({
      sub: WORKSPACE_ID,
      jti: OTHER_ID,
    });
    const application = decodeJwt(run("--type", "APPLICATION_ACCESS", "--application", OTHER_ID).stdout);
    expect(application).toMatchObject({ applicationId: OTHER_ID });
    expect(application).not.toHaveProperty("userId");
    expect(decodeJwt(run("--type", "PLAYGROUND", "--user-workspace", OTHER_ID).stdout)).toMatchObject({
      type: "PLAYGROUND",
      userWorkspaceId: OTHER_ID,
    });
  });

  it.each([
    [["--workspace", "w"]],
    [["--user", ""]],
    [["--type", "REFRESH"]],
    [["--expires", "soon"]],
    [["--expires", "30"]],
    [["--unknown"]],
    [["extra"]],
    [["--workspace"]],
  ])("answers %j with its usage and exit code 2", (args) => {
    const { status, stdout, stderr } = run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("Usage:");
  });
});

describe("signToken", () => {
  it("gives a user the same identity in every token, and another one in another workspace", async () => {
    const options = { appSecret: APP_SECRET, userId: USER_ID };
    const first = await principalOf(await signToken({ ...options, workspaceId: WORKSPACE_ID }));
    const second = await principalOf(await signToken({ ...options, workspaceId: WORKSPACE_ID, expiresInSeconds: 5 }));
    const elsewhere = await principalOf(await signToken({ ...options, workspaceId: OTHER_ID }));
    expect(identityOf(first)).toBe(identityOf(second));
    expect(identityOf(first)).not.toBe(identityOf(elsewhere));
  });

  it("leaves out a claim that is undefined", async () => {
    const token = await signToken({ appSecret: APP_SECRET, claims: { exp: undefined, extra: 1 } });
    expect(decodeJwt(token)).toMatchObject({ extra: 1 });
    expect(decodeJwt(token)).not.toHaveProperty("exp");
  });
});
