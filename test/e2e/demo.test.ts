import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Site, startSite } from "../../examples/apollo-react/server/start-site.ts";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import { CHROMIUM } from "../client/support/chromium.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";

/** `SCREENSHOTS=on` makes the pictures of the README anew. */
const IMAGES = process.env["SCREENSHOTS"] === "on" ? join(ROOT, "docs", "images") : undefined;
const TOKEN_SECONDS = 12;

describe.skipIf(CHROMIUM === undefined)("the demo, in two windows of a real Chromium", () => {
  let gateway: RunningGateway;
  let site: Site;
  let browser: Browser;
  const hosts = new Set<string>();
  const mistakes: string[] = [];
  let left: Page;
  let right: Page;
  let socketsOfLeft = 0;

  beforeAll(async () => {
    gateway = await startBareGateway({ TOKEN_WARNING_SECONDS: "9" });
    site = await startSite({
      port: 0,
      gateway: {
        url: gateway.url,
        workspaceId: crypto.randomUUID(),
        appSecret: DEV_BINDINGS.APP_SECRET,
        publisherSecret: DEV_BINDINGS.PUBLISHER_SECRETS,
        adminSecret: DEV_BINDINGS.ADMIN_SECRETS,
        tokenSeconds: TOKEN_SECONDS,
      },
    });
    browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox", "--disable-gpu"] });
    left = await openWindow({ colorScheme: "light" });
    right = await openWindow({ colorScheme: "dark" });
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await gateway?.stop();
  });

  async function openWindow(options: BrowserContextOptions): Promise<Page> {
    const context: BrowserContext = await browser.newContext({ viewport: { width: 1240, height: 780 }, ...options });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    context.on("request", (request) => hosts.add(new URL(request.url()).host));
    page.on("websocket", (socket) => hosts.add(new URL(socket.url()).host));
    page.on("pageerror", (error) => mistakes.push(error.message));
    page.on("console", (message) => message.type() === "error" && mistakes.push(message.text()));
    if (options.colorScheme === "light") page.on("websocket", () => socketsOfLeft++);
    await page.goto(site.url);
    await status(page, "Live").waitFor();
    await card(page, "LEAD", "Northwind").waitFor();
    return page;
  }

  /** Moves a card with the keyboard. The focus goes with it. */
  async function move(page: Page, company: string, stage: string): Promise<void> {
    await page.getByRole("button", { name: `Move ${company} to ${stage}` }).press("Enter");
    await card(page, stage.toUpperCase(), company).waitFor();
  }

  async function takePictures(page: Page): Promise<void> {
    if (IMAGES === undefined) return;
    await mkdir(IMAGES, { recursive: true });
    await page.getByText(/refreshed \d × on this connection/).waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.screenshot({ path: join(IMAGES, `demo-${colorScheme}.png`) });
    }
  }

  test("a card that is moved with the keyboard in one window moves in the other", async () => {
    await move(left, "Globex", "Meeting");
    await card(right, "MEETING", "Globex").waitFor();
    expect(await left.evaluate("document.activeElement.ariaLabel")).toBe("Move Globex to Proposal");
    await left.keyboard.press("Enter");
    await card(right, "PROPOSAL", "Globex").waitFor();
    expect(await texts(right.locator(".feed .what"))).toEqual(["Globex Meeting → Proposal", "Globex Lead → Meeting"]);
  });

  test("[REFRESH-1] the token is refreshed in place, on the one connection that there is", async () => {
    await left.getByText(/refreshed \d × on this connection/).waitFor();
    expect(await left.getByText("connection 1").count()).toBe(1);
    expect(socketsOfLeft).toBe(1);
  });

  test("[RESUME-1] a window that was offline gets all that it missed, in order", async () => {
    await right.getByRole("button", { name: "Go offline" }).click();
    await status(right, "Offline").waitFor();
    const before = await right.locator(".feed li").count();
    await move(left, "Hooli", "Proposal");
    await move(left, "Hooli", "Won");
    await move(left, "Umbrella", "Meeting");
    await move(left, "Initech", "Meeting");
    await move(left, "Wayne", "Won");
    expect(await right.locator(".feed li").count()).toBe(before);
    await card(right, "MEETING", "Hooli").waitFor();

    await right.getByRole("button", { name: "Go online" }).click();
    await right.getByText("You missed 5 events while you were away; here they all are, in order.").waitFor();
    expect(await texts(right.locator(".feed [data-missed=true] .what"))).toEqual([
      "Wayne Proposal → Won",
      "Initech Lead → Meeting",
      "Umbrella Lead → Meeting",
      "Hooli Proposal → Won",
      "Hooli Meeting → Proposal",
    ]);
    expect(await boardOf(right)).toEqual(await boardOf(left));
    await takePictures(right);
  });

  test("[GAP-1] a window that cannot resume says so, and fetches the board again", async () => {
    await right.getByRole("button", { name: "Go offline" }).click();
    await status(right, "Offline").waitFor();
    await move(left, "Acme", "Proposal");
    await left.getByRole("button", { name: "Erase the log" }).click();

    for (const page of [left, right]) {
      if (page === right) await page.getByRole("button", { name: "Go online" }).click();
      await page.getByText("Some events are no longer in the log. The board was fetched again").waitFor();
    }
    // The event of this move is gone with the log: only the fetched board has it.
    await card(right, "PROPOSAL", "Acme").waitFor();
    expect(await boardOf(right)).toEqual(await boardOf(left));
    await move(left, "Acme", "Won");
    await card(right, "WON", "Acme").waitFor();
  });

  test("it moves by itself, asks no other host, and makes no mistake", async () => {
    const events = left.locator(".feed li");
    const before = await events.count();
    for (let sale = 1; sale <= 5; sale++) await site.sell();
    await vi.waitFor(async () => expect(await events.count()).toBe(before + 5));
    await vi.waitFor(async () => expect(await boardOf(right)).toEqual(await boardOf(left)));
    expect([...hosts].sort()).toEqual([site.url, gateway.url].map((url) => new URL(url).host).sort());
    expect(mistakes).toEqual([]);
  });
});

const status = (page: Page, name: string) => page.locator(".fact").getByText(name, { exact: true });
const card = (page: Page, stage: string, company: string) =>
  page.locator(`[data-stage=${stage}] .card`).filter({ has: page.getByRole("heading", { name: company }) });
const texts = (of: ReturnType<Page["locator"]>) => of.allTextContents();
const boardOf = (page: Page) => texts(page.locator(".column"));
