/** Prints a token for the gateway that runs locally: `npm run token -- --workspace W --user U`. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { ACCEPTED_TYPES } from "../src/auth/token-types.ts";
import { parseUuid } from "../src/core/uuid.ts";
import { type SignTokenOptions, signToken } from "./lib/sign-token.ts";

const USAGE = `Usage: npm run --silent token -- [options]

  --workspace UUID       workspace the token is for
  --user UUID            user it speaks for (an application has one only when this is given)
  --user-workspace UUID  id of the user in the workspace (by default derived from the two)
  --type TYPE            ${ACCEPTED_TYPES.join(", ")} (default ACCESS)
  --api-key UUID         jti of an API_KEY
  --application UUID     applicationId of an APPLICATION or APPLICATION_ACCESS
  --expires TIME         45s, 30m, 12h, 90d (default 30m)

It is signed with APP_SECRET from .dev.vars, else from the environment, else from .dev.vars.example.
`;

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const ROOT = join(import.meta.dirname, "..");

class UsageError extends Error {}

try {
  const options = parseOptions(process.argv.slice(2));
  process.stdout.write(options === "help" ? USAGE : `${await signToken({ ...options, appSecret: readAppSecret() })}\n`);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

function parseOptions(args: string[]): SignTokenOptions | "help" {
  const values = parseValues(args);
  if (values.help) return "help";
  const type = values.type ?? "ACCESS";
  if (!ACCEPTED_TYPES.some((accepted) => accepted === type)) {
    throw new UsageError(`--type: expected one of ${ACCEPTED_TYPES.join(", ")}.`);
  }
  return {
    type,
    ...uuidOption("workspaceId", "--workspace", values.workspace),
    ...uuidOption("userId", "--user", values.user),
    ...uuidOption("userWorkspaceId", "--user-workspace", values["user-workspace"]),
    ...uuidOption("apiKeyId", "--api-key", values["api-key"]),
    ...uuidOption("applicationId", "--application", values.application),
    ...(values.expires !== undefined && { expiresInSeconds: parseSeconds(values.expires) }),
  };
}

function parseValues(args: string[]) {
  const option = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args,
      options: {
        workspace: option,
        user: option,
        "user-workspace": option,
        type: option,
        "api-key": option,
        application: option,
        expires: option,
        help: { type: "boolean", short: "h" },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function uuidOption<Name extends keyof SignTokenOptions>(
  name: Name,
  flag: string,
  value: string | undefined,
): { [Key in Name]?: string } {
  if (value === undefined) return {};
  if (parseUuid(value) === undefined) throw new UsageError(`${flag}: expected a UUID.`);
  // As written: the upper-case spelling of an id is a thing to try out.
  return { [name]: value } as { [Key in Name]: string };
}

function parseSeconds(value: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(value) ?? [];
  if (count === undefined || unit === undefined)
    throw new UsageError("--expires: expected a time like 45s, 30m, 12h or 90d.");
  return Number(count) * SECONDS[unit as keyof typeof SECONDS];
}

function readAppSecret(): string {
  const secret = fromFile(".dev.vars") ?? (process.env.APP_SECRET || undefined) ?? fromFile(".dev.vars.example");
  if (secret === undefined) throw new UsageError("APP_SECRET: found neither in .dev.vars nor in the environment.");
  return secret;
}

function fromFile(name: string): string | undefined {
  const path = join(ROOT, name);
  return existsSync(path) ? parseEnv(readFileSync(path, "utf8")).APP_SECRET || undefined : undefined;
}
