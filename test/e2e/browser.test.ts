import { createServer } from "node:http";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CHROMIUM } from "../client/support/chromium.ts";
import { launchChromium } from "../support/browser.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { listen, type Network, startNetwork } from "../support/network.ts";
import type { Recorded } from "./browser-page/recorded.ts";
import { personUpdated } from "./events.ts";

const TOKEN_LIFE_SECONDS = 14;
const TOKEN_WARNING_SECONDS = 9;

describe.skipIf(CHROMIUM === undefined)("in a real Chromium", () => {
  let gateway: Gateway;
  let network: Network;
  let site: Site;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    gateway = await startGateway({ settings: { TOKEN_WARNING_SECONDS: `${TOKEN_WARNING_SECONDS}` } });
    network = await startNetwork(Number(new URL(gateway.url).port));
    site = await startSite((workspaceId) => gateway.token(workspaceId, { expiresInSeconds: TOKEN_LIFE_SECONDS }));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
    network?.close();
    await gateway?.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    context.setDefaultTimeout(60_000);
    page = await context.newPage();
  });
  afterEach(() => context.close());

  /** Opens the page, and waits until its subscription is live. */
  async function openSite(workspaceId: string, options: Record<string, string> = {}): Promise<Traffic> {
    const traffic = watchSockets(page);
    const settings = { gateway: `ws://127.0.0.1:${network.port}/graphql`, workspace: workspaceId, ...options };
    await page.goto(`${site.url}/?${new URLSearchParams(settings)}`);
    await until(() => expect(traffic.positions).toBe(1));
    return traffic;
  }

  const recorded = () => page.evaluate<Recorded>("window.recorded");

  test("[SHIM-1] Apollo's subscription lives through 5 token refreshes, 3 reconnects and an eviction", async () => {
    const workspaceId = crypto.randomUUID();
    const traffic = await openSite(workspaceId);
    const publisher = startPublisher(gateway, workspaceId);
    const missed: number[] = [];

    async function loseConnection(): Promise<void> {
      network.cut();
      const published = publisher.count;
      await publisher.reach(published + 10);
      missed.push(publisher.count - published);
      network.restore();
      await until(() => expect(traffic.sockets).toBe(network.cuts + 1));
    }

    const afterRefresh = [
      loseConnection,
      loseConnection,
      loseConnection,
      () => gateway.evict(workspaceId),
      // The last connection outlives the token that it began with.
      () => sleep(traffic.openedAt + (TOKEN_LIFE_SECONDS + 2) * 1000 - Date.now()),
    ];
    for (const [index, happens] of afterRefresh.entries()) {
      await until(() => expect(traffic.refreshes).toBeGreaterThan(index));
      await sleep(1_000);
      await happens();
    }
    const published = await publisher.stop();
    await until(async () => expect((await recorded()).loads[0]).toHaveLength(published));
    await sleep(200);
    const { loads, errors, gaps } = await recorded();
    console.info(
      `Apollo in Chromium: ${published} events published, ${loads[0]?.length} received, ${missed.join(" + ")} of them published ` +
        `while it was cut off; ${traffic.refreshes} token refreshes, ${traffic.sockets} sockets, 1 eviction, ${gaps} gaps`,
    );
    expect(loads).toEqual([names(1, published)]);
    expect([errors, gaps, traffic.gaps]).toEqual([[], 0, 0]);
    expect(traffic.refreshes).toBeGreaterThanOrEqual(5);
    // Only a cut took a connection: no refresh did, and no eviction.
    expect([network.cuts, traffic.sockets, traffic.closes, traffic.resumes]).toEqual([3, 4, 3, 3]);
  }, 150_000);

  test("[SHIM-1] a page that is loaded again while events are published gets what it missed", async () => {
    const workspaceId = crypto.randomUUID();
    const traffic = await openSite(workspaceId, { persist: "" });
    const publisher = startPublisher(gateway, workspaceId);
    const missed: number[] = [];

    for (let load = 1; load <= 3; load++) {
      const received = async () => (await recorded()).loads[load - 1]?.length;
      await until(async () => expect(await received()).toBeGreaterThan(10));
      site.holdScript();
      const reloading = page.reload();
      // The old page is gone when the new one asks for its script.
      await until(() => expect(site.waiting).toBe(1));
      const published = publisher.count;
      await publisher.reach(published + 10);
      missed.push(publisher.count - published);
      site.giveScript();
      await reloading;
    }
    await until(async () => expect((await recorded()).loads[3]?.length).toBeGreaterThan(10));
    const published = await publisher.stop();
    await until(async () => expect((await recorded()).loads.flat().at(-1)).toBe(`${published}`));
    await sleep(200);
    const { loads, errors, gaps } = await recorded();
    console.info(
      `Reloads in Chromium: ${published} events published, received ${loads.map((load) => load.length).join(" + ")} over ` +
        `${loads.length} loads, ${missed.join(" + ")} of them published without a page; ${gaps} gaps`,
    );
    expect(loads).toHaveLength(4);
    expect([traffic.sockets, traffic.resumes]).toEqual([4, 3]);
    expect(loads.flat()).toEqual(names(1, published));
    expect([errors, gaps, traffic.gaps]).toEqual([[], 0, 0]);
  }, 90_000);

  test("[HTTP-13] GraphiQL takes a token in its headers, shows events as they come, and asks no other host", async () => {
    const workspaceId = crypto.randomUUID();
    const addresses: string[] = [];
    const mistakes: string[] = [];
    context.on("request", (request) => addresses.push(request.url()));
    page.on("websocket", (socket) => addresses.push(socket.url()));
    page.on("pageerror", (error) => mistakes.push(error.message));
    const headers = page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines");
    const result = page.locator(".result-window .view-line");

    await page.goto(`${gateway.url}/graphql`);
    await headers.click();
    await page.keyboard.type(JSON.stringify({ Authorization: `Bearer ${await gateway.token(workspaceId)}` }));
    // Its first text is a subscription to every record event.
    await page.locator(".graphiql-execute-button").click();
    await gateway.until(workspaceId, "the subscription", ({ operations }) => operations === 1);
    for (const name of ["Ada", "Grace"]) {
      await gateway.publish(personUpdated(workspaceId, name));
      await result.filter({ hasText: `"${name}"` }).waitFor();
    }
    const shown = (await result.allTextContents()).join("\n").replaceAll("\u00a0", " ");
    expect(JSON.parse(shown)).toMatchObject({
      data: {
        onDbEvent: { action: "UPDATED", objectNameSingular: "person", record: { id: "id-Grace", name: "Grace" } },
      },
    });

    const { host } = new URL(gateway.url);
    const hosts = addresses.filter((address) => !/^(data|blob):/.test(address)).map((address) => new URL(address).host);
    console.info(`GraphiQL in Chromium: ${addresses.length} requests, of ${[...new Set(hosts)].join(", ")}`);
    expect(new Set(hosts)).toEqual(new Set([host]));
    expect(addresses).toContain(gateway.wsUrl);
    expect(mistakes).toEqual([]);
  }, 120_000);
});

const until = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
const names = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`);

interface Publisher {
  /** How many events are published, or are being published. */
  readonly count: number;
  reach(count: number): Promise<void>;
  /** @returns how many events there were */
  stop(): Promise<number>;
}

/** Publishes one event after the other, two with each call, until it is stopped. Their names are 1, 2, 3 … */
function startPublisher(gateway: Gateway, workspaceId: string): Publisher {
  let count = 0;
  let isStopped = false;
  const publishing = (async () => {
    while (!isStopped) {
      const next = names(count + 1, count + 2);
      count += next.length;
      await gateway.publish(personUpdated(workspaceId, ...next));
      await sleep(50);
    }
  })();
  return {
    get count() {
      return count;
    },
    reach: (wanted) => until(() => expect(count).toBeGreaterThanOrEqual(wanted)),
    async stop() {
      isStopped = true;
      await publishing;
      return count;
    },
  };
}

/** What went over the WebSockets of a page, over reloads too. */
interface Traffic {
  sockets: number;
  closes: number;
  /** When the newest socket was made. */
  openedAt: number;
  /** Newer tokens that the gateway has taken. */
  refreshes: number;
  positions: number;
  /** Subscriptions that went on from a position. */
  resumes: number;
  gaps: number;
}

function watchSockets(page: Page): Traffic {
  const traffic: Traffic = { sockets: 0, closes: 0, openedAt: 0, refreshes: 0, positions: 0, resumes: 0, gaps: 0 };
  page.on("websocket", (socket) => {
    traffic.sockets++;
    traffic.openedAt = Date.now();
    socket.on("close", () => traffic.closes++);
    socket.on("framereceived", ({ payload }) => {
      for (const { type, payload: told } of messagesIn(payload)) {
        if (type === "pong" && told?.["tokenExpiresAt"] !== undefined) traffic.refreshes++;
        if (type === "ping" && told?.["position"] !== undefined) traffic.positions++;
        if (type === "ping" && told?.["gap"] !== undefined) traffic.gaps++;
      }
    });
    socket.on("framesent", ({ payload }) => {
      if (
        messagesIn(payload).some(({ type }) => type === "subscribe") &&
        String(payload).includes('"resume":{"after":')
      ) {
        traffic.resumes++;
      }
    });
  });
  return traffic;
}

interface Message {
  readonly type: string;
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** A frame holds one message, or a list of them. */
function messagesIn(frame: string | Buffer): Message[] {
  return [JSON.parse(String(frame)) as Message | Message[]].flat();
}

/** The page's own server: its files, and tokens for who uses it. */
interface Site {
  readonly url: string;
  /** How many ask for a script that is held. */
  readonly waiting: number;
  holdScript(): void;
  giveScript(): void;
  close(): void;
}

async function startSite(issueToken: (workspaceId: string) => Promise<string>): Promise<Site> {
  const files = await bundlePage();
  let held: (() => void)[] | undefined;
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    response.setHeader("Cache-Control", "no-store");
    if (pathname === "/token") return response.end(await issueToken(searchParams.get("workspace") ?? ""));
    const file = files.get(pathname === "/" ? "/index.html" : pathname);
    if (file === undefined) return response.writeHead(404).end();
    const isScript = pathname.endsWith(".js");
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    if (isScript && held !== undefined) await new Promise<void>((resolve) => held?.push(resolve));
    return response.end(file);
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    get waiting() {
      return held?.length ?? 0;
    },
    holdScript() {
      held = [];
    },
    giveScript() {
      for (const give of held ?? []) give();
      held = undefined;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The files of the page, as a production build makes them, by their paths. */
async function bundlePage(): Promise<Map<string, string | Uint8Array>> {
  const root = join(import.meta.dirname, "browser-page");
  const output = await build({ configFile: false, root, logLevel: "warn", build: { write: false } });
  if (!("output" in output)) throw new Error("Expected one bundle");
  return new Map(output.output.map((file) => [`/${file.fileName}`, file.type === "chunk" ? file.code : file.source]));
}
