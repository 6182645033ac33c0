/** Prints the record events of a workspace as they come: `npm run watch -- [--port N] [--object NAME] [--token T]`. */
import { parseArgs } from "node:util";
import { createClient } from "graphql-ws";
import { readDevVars } from "./lib/dev-vars.ts";
import { signToken } from "./lib/sign-token.ts";

const { values: options } = parseArgs({
  options: { port: { type: "string", default: "8787" }, object: { type: "string" }, token: { type: "string" } },
});
const client = createClient({
  url: `ws://127.0.0.1:${options.port}/graphql`,
  connectionParams: async () => ({
    authorization: `Bearer ${options.token ?? (await signToken({ appSecret: readDevVars()["APP_SECRET"] ?? "" }))}`,
  }),
  retryAttempts: Number.POSITIVE_INFINITY,
  // A gateway that does not run yet, or is started again, is told as an error, after which graphql-ws gives up by default.
  shouldRetry: () => true,
});
client.on("connected", () => process.stderr.write("Connected; waiting for events …\n"));
client.on("closed", (event) => {
  const { code, reason } = event as { readonly code: number; readonly reason: string };
  process.stderr.write(`Closed ${code} ${reason || `(is there a gateway on port ${options.port}?)`}; trying again …\n`);
});

const subscription = client.iterate<{
  onDbEvent: {
    action: string;
    objectNameSingular: string;
    updatedFields: string[] | null;
    record: { id?: string; name?: unknown };
  };
}>({
  query: `subscription Watch($input: OnDbEventInput!) {
    onDbEvent(input: $input) { action objectNameSingular eventDate record updatedFields }
  }`,
  variables: { input: { objectNameSingular: options.object } },
});
for await (const { data, errors } of subscription) {
  process.stdout.write(`${JSON.stringify(data?.onDbEvent ?? errors)}\n`);
}
