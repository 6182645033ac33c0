/** Runs the gateway on this machine with development's values: `npm start -- [--port N] [--persist-to DIR]`. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { firstOf, ROOT, readDevVars } from "./lib/dev-vars.ts";
import { DEV_WORKSPACE_ID, signToken } from "./lib/sign-token.ts";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    "persist-to": { type: "string", default: join(ROOT, ".wrangler", "state") },
  },
});
const address = `http://127.0.0.1:${options.port}`;
const vars = readDevVars();

const wrangler = spawn(
  join(ROOT, "node_modules", ".bin", "wrangler"),
  [
    "dev",
    "--ip",
    "127.0.0.1",
    "--port",
    options.port,
    "--persist-to",
    options["persist-to"],
    "--show-interactive-dev-session=false",
  ],
  // Without a network wrangler would wait for the data of `request.cf`, which nothing here reads.
  {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" },
  },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => wrangler.kill(signal));
wrangler.on("exit", (code) => process.exit(code ?? 0));

await untilReady();
process.stdout.write(await welcome());

async function untilReady(): Promise<void> {
  for (;;) {
    const response = await fetch(`${address}/healthz`).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function welcome(): Promise<string> {
  const token = await signToken({ appSecret: vars["APP_SECRET"] ?? "", expiresInSeconds: 12 * 3600 });
  const event = {
    name: "person.updated",
    workspaceId: DEV_WORKSPACE_ID,
    events: [
      {
        recordId: "11111111-1111-4111-8111-111111111111",
        properties: {
          updatedFields: ["city"],
          before: { id: "11111111-1111-4111-8111-111111111111", city: "Paris" },
          after: { id: "11111111-1111-4111-8111-111111111111", city: "Lyon" },
          diff: { city: { before: "Paris", after: "Lyon" } },
        },
      },
    ],
  };
  return `
Sluice answers at ${address} (workspace ${DEV_WORKSPACE_ID}).

A token, good for 12 hours:

  ${token}

Watch the events of the workspace, in another terminal:

  npm run watch${options.port === "8787" ? "" : ` -- --port ${options.port}`}

or in GraphiQL: open ${address}/graphql and put {"Authorization":"Bearer <the token>"} into its headers.

Publish one:

  curl ${address}/publish -H 'Authorization: Bearer ${firstOf(vars["PUBLISHER_SECRETS"])}' -H 'Content-Type: application/json' \\
    -d '${JSON.stringify({ messages: [event] })}'

or a whole stream of them: npm run demo${options.port === "8787" ? "" : ` -- --port ${options.port}`}

`;
}
