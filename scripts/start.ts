/** Runs the gateway on this machine with development's values: `npm start -- [--port N] [--persist-to DIR]`. */
import { parseArgs } from "node:util";
import { firstOf, readDevVars } from "./lib/dev-vars.ts";
import { DEV_WORKSPACE_ID, signToken } from "./lib/sign-token.ts";
import { isHealthy, startWrangler } from "./lib/start-wrangler.ts";

const { values: options } = parseArgs({
  options: { port: { type: "string", default: "8787" }, "persist-to": { type: "string" } },
});
const vars = readDevVars();
const persistTo = options["persist-to"];
const running = `http://127.0.0.1:${options.port}`;
if (await isHealthy(running)) {
  process.stderr.write(`A gateway answers at ${running} already: stop that one, or take another port (-- --port N).\n`);
  process.exit(1);
}
const address = await startWrangler({ port: options.port, ...(persistTo !== undefined && { persistTo }) });
process.stdout.write(await welcome());

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

or see a board of them that moves: npm run demo${options.port === "8787" ? "" : ` -- --gateway-port ${options.port}`}

`;
}
