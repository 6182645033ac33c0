/** Publishes a realistic stream of Twenty's events into the running gateway: `npm run demo -- [--port N] [--rate N] [--seconds N]`. */
import { parseArgs } from "node:util";
import { crmEvents } from "./lib/crm-events.ts";
import { firstOf, readDevVars } from "./lib/dev-vars.ts";
import { DEV_WORKSPACE_ID } from "./lib/sign-token.ts";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    workspace: { type: "string", default: DEV_WORKSPACE_ID },
    rate: { type: "string", default: "2" },
    seconds: { type: "string", default: "0" },
  },
});
const secret = firstOf(readDevVars()["PUBLISHER_SECRETS"]);
const endsAt = Number(options.seconds) > 0 ? Date.now() + Number(options.seconds) * 1000 : Number.POSITIVE_INFINITY;

for (const message of crmEvents(options.workspace, Math.random)) {
  if (Date.now() >= endsAt) break;
  const response = await fetch(`http://127.0.0.1:${options.port}/publish`, {
    method: "POST",
    headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
    body: JSON.stringify({ messages: [message] }),
  }).catch((error: Error) => error);
  if (response instanceof Error) {
    process.stderr.write(`The gateway does not answer on port ${options.port}; start it with \`npm start\`.\n`);
    process.exit(1);
  }
  const answer = (await response.json()) as { results?: { position?: string; error?: { message: string } }[] };
  const [result] = answer.results ?? [];
  process.stdout.write(
    `${message.name} × ${message.events.length}  ${result?.position ?? JSON.stringify(result?.error ?? answer)}\n`,
  );
  await new Promise((resolve) => setTimeout(resolve, 1000 / Number(options.rate)));
}
