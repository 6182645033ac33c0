import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM } from "../client/support/chromium.ts";
import { launchChromium } from "../support/browser.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { apollo3, apollo4 } from "./apollo-client.ts";
import { apolloWebSocketLink } from "./apollo-web-socket-link.ts";
import { browserWebSocket } from "./browser-web-socket.ts";
import { CASES, type Case } from "./cases.ts";
import type { Client } from "./client.ts";
import { curl } from "./curl.ts";
import { graphiql } from "./graphiql.ts";
import { graphqlSseDistinct, graphqlSseSingle } from "./graphql-sse.ts";
import { graphqlWs, graphqlWsWithSubprotocol } from "./graphql-ws.ts";
import { OTHER_RUNS, type OtherRun } from "./other-runs.ts";
import { relay } from "./relay.ts";
import { markdownTable, PAGE, pageWith, versionsOf } from "./results.ts";
import { createSetup } from "./setup.ts";
import { urql, urqlOverSse } from "./urql.ts";
import { yogaLink } from "./yoga-link.ts";

let gateway: Gateway;
let browser: Browser | undefined;
beforeAll(async () => {
  [gateway, browser] = await Promise.all([
    startGateway({ examples: ["publisher-worker"] }),
    CHROMIUM === undefined ? undefined : launchChromium(),
  ]);
});
afterAll(() => Promise.all([gateway?.stop(), browser?.close()]));

function chromium(): Browser {
  if (browser === undefined) throw new Error("There is no Chromium here.");
  return browser;
}

const CLIENTS: readonly Client[] = [
  graphqlWs,
  graphqlWsWithSubprotocol,
  apollo3,
  apollo4,
  apolloWebSocketLink,
  urql,
  urqlOverSse,
  relay,
  graphqlSseDistinct,
  graphqlSseSingle,
  yogaLink,
  ...(CHROMIUM === undefined ? [] : [graphiql(chromium), browserWebSocket(chromium)]),
  curl,
];

/** What each case, or other run, has come to; nothing for one that failed. */
const results = new Map<Case | OtherRun, Map<Client | undefined, string>>();

function record(run: Case | OtherRun, result: string, client?: Client): void {
  results.set(run, (results.get(run) ?? new Map()).set(client, result));
}

describe.concurrent.each(CLIENTS)("$name over $transport, its token in $token", (client) => {
  test.each(CASES)("$rules $name", { concurrent: false }, async (its) => {
    const setup = await createSetup(gateway, client);
    try {
      record(its, await its.run(setup), client);
    } finally {
      await setup.close();
    }
  });
});

test.each(OTHER_RUNS)("$rules $name: $what", async (other) => record(other, await other.run(gateway)));

// On another machine: `npm run clients -- --update` writes the page.
test.skipIf(CHROMIUM === undefined)("docs/clients.md says what this run has shown", async () => {
  const resultOf = (run: Case | OtherRun, client?: Client) => results.get(run)?.get(client) ?? "failed";
  const subscribers = CLIENTS.map(async (client) => [
    ...[client.name, await versionsOf(client.packages), client.transport, client.token],
    ...CASES.map((its) => resultOf(its, client)),
  ]);
  const others = OTHER_RUNS.map(async (run) => [run.name, await versionsOf(run.packages), run.what, resultOf(run)]);
  const heads = ["client", "version", "over", "token in", ...CASES.map(({ name }) => name)];
  const page = await pageWith({
    subscribers: markdownTable(heads, await Promise.all(subscribers)),
    others: markdownTable(["what", "version", "was run", "result"], await Promise.all(others)),
  });
  await expect(page).toMatchFileSnapshot(PAGE);
});
