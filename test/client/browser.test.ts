import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { fakeToken, SluiceServer } from "../support/sluice-server.ts";
import { CHROMIUM, ChromiumPage } from "./support/chromium.ts";
import { QUERY, range } from "./support/follow.ts";

/** An application that keeps what it has received in `localStorage`, which outlives a reload like `sessionStorage` does. */
const application = (wsUrl: string, token: string) => `
  import { createClient } from ${JSON.stringify(fileURLToPath(new URL("../../client/index.ts", import.meta.url)))};
  window.received = JSON.parse(localStorage.getItem("received") ?? "[]");
  window.gaps = [];
  window.closes = [];
  const client = createClient({
    url: ${JSON.stringify(wsUrl)},
    token: () => ${JSON.stringify(token)},
    persist: true,
    onGap: ({ position }) => window.gaps.push(position),
    on: { closed: ({ code }) => window.closes.push(code) },
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
  });
  client.subscribe({ query: ${JSON.stringify(QUERY)}, variables: { topic: "a" } }, {
    next: ({ data }) => {
      window.received.push(data.event);
      localStorage.setItem("received", JSON.stringify(window.received));
    },
    error: (error) => { window.failed = String(error); },
    complete: () => {},
  });`;

describe.skipIf(CHROMIUM === undefined)("[C70] in a real Chromium", () => {
  let server: SluiceServer;
  let pages: Server;
  let script: string;
  let page: ChromiumPage;

  beforeAll(async () => {
    server = await SluiceServer.start();
    server.isGuarded = true;
    script = await bundle(application(server.url, fakeToken({})));
    pages = createServer((request, response) => {
      const isScript = request.url === "/application.js";
      response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : '<!doctype html><script type="module" src="/application.js"></script>');
    });
    await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  }, 60_000);
  afterAll(async () => {
    pages.close();
    await server.stop();
  });
  beforeEach(async () => {
    server.received.length = 0;
    page = await ChromiumPage.open(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
  }, 30_000);
  afterEach(() => page.close());

  const until = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 15_000, interval: 20 });
  const untilReceived = (events: unknown[]) =>
    until(async () => expect(await page.evaluate("window.received")).toEqual(events));
  const untilLive = (count: number) =>
    until(() => expect(server.received.filter(({ type }) => type === "pong").length).toBeGreaterThanOrEqual(count));

  test("[C70] a page that is loaded again goes on where it was, five times over", async () => {
    await untilLive(1);
    server.publish("a", 1);
    await untilReceived([1]);
    for (let load = 1; load <= 5; load++) {
      const reloading = page.reload();
      server.publish("a", 3 * load - 1);
      await reloading;
      server.publish("a", 3 * load);
      await untilReceived(range(1, 3 * load));
      server.publish("a", 3 * load + 1);
      await untilReceived(range(1, 3 * load + 1));
    }
    expect(await page.evaluate("window.gaps")).toEqual([]);
    expect(await page.evaluate("window.failed ?? null")).toBeNull();
  }, 60_000);

  test("[C70] an upgrade that is refused is a close, and is tried again", async () => {
    server.publish("a", "before");
    await untilLive(1);
    server.refusals = { count: 3, status: 401 };
    server.drop();
    server.publish("a", 1);
    await untilReceived([1]);
    expect(await page.evaluate("window.closes")).toEqual([1006, 1006, 1006, 1006]);
  }, 60_000);
});

/** A script of one piece, as a page would load it. */
async function bundle(source: string): Promise<string> {
  const entry = "\0application";
  const output = await build({
    configFile: false,
    logLevel: "silent",
    root: fileURLToPath(new URL("../..", import.meta.url)),
    plugins: [
      {
        name: "application",
        resolveId: (id) => (id.endsWith("virtual-application") ? entry : null),
        load: (id) => (id === entry ? source : null),
      },
    ],
    build: { write: false, minify: false, rolldownOptions: { input: "virtual-application" } },
  });
  if (!("output" in output)) throw new Error("Expected one bundle");
  return output.output.map((chunk) => (chunk.type === "chunk" ? chunk.code : "")).join("\n");
}
