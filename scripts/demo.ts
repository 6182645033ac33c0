/**
 * A board whose cards move live: `npm run demo -- [--port N] [--gateway-port N] [--rate N]`. Uses the gateway that runs
 * already, or runs one.
 */
import { parseArgs } from "node:util";
import { startSite } from "../examples/apollo-react/server/start-site.ts";
import { firstOf, readDevVars } from "./lib/dev-vars.ts";
import { DEV_WORKSPACE_ID } from "./lib/sign-token.ts";
import { isHealthy, startWrangler } from "./lib/start-wrangler.ts";

/** Long enough to be looked at, short enough that a refresh is seen soon: the gateway asks for it 60 s before the end. */
const TOKEN_SECONDS = 90;

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "8700" },
    "gateway-port": { type: "string", default: "8787" },
    rate: { type: "string", default: "0.5" },
  },
});
const vars = readDevVars();
const running = `http://127.0.0.1:${options["gateway-port"]}`;
const url = (await isHealthy(running))
  ? running
  : await startWrangler({ port: options["gateway-port"], isQuiet: true });
const site = await startSite({
  port: Number(options.port),
  gateway: {
    url,
    workspaceId: DEV_WORKSPACE_ID,
    appSecret: vars["APP_SECRET"] ?? "",
    publisherSecret: firstOf(vars["PUBLISHER_SECRETS"]),
    adminSecret: firstOf(vars["ADMIN_SECRETS"]),
    tokenSeconds: TOKEN_SECONDS,
  },
});
process.stdout.write(`Open ${site.url} in two windows. The gateway answers at ${url}.\n`);

while (Number(options.rate) > 0) {
  await new Promise((resolve) => setTimeout(resolve, 1000 / Number(options.rate)));
  await site.sell().catch((error: Error) => process.stderr.write(`${error.message}\n`));
}
