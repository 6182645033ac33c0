import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a Chromium is, if there is one. */
export const CHROMIUM = [process.env["CHROMIUM"], ...PLACES].find((place) => place !== undefined && existsSync(place));

/** One page of a real browser, over its debugging protocol. */
export class ChromiumPage {
  readonly #browser: ChildProcess;
  readonly #profile: string;
  readonly #debugger: WebSocket;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #sent = 0;

  private constructor(browser: ChildProcess, profile: string, debug: WebSocket) {
    this.#browser = browser;
    this.#profile = profile;
    this.#debugger = debug;
    debug.on("message", (data) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#answers.get(answer.id)?.(answer);
    });
  }

  static async open(url: string): Promise<ChromiumPage> {
    if (CHROMIUM === undefined) throw new Error("There is no Chromium here");
    const profile = await mkdtemp(join(tmpdir(), "chromium-"));
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
    const own = ["--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
    const browser = spawn(CHROMIUM, [...flags, ...own], { stdio: ["ignore", "ignore", "pipe"] });
    const port = await debuggingPort(browser);
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Target[];
    const target = targets.find(({ type }) => type === "page");
    if (target === undefined) throw new Error("The browser has no page");
    const debug = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => debug.once("open", resolve).once("error", reject));
    const page = new ChromiumPage(browser, profile, debug);
    await page.#send("Page.navigate", { url });
    return page;
  }

  /** The value of an expression in the page; undefined while there is none. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#send("Runtime.evaluate", { expression, returnByValue: true });
    return result?.result?.value;
  }

  async reload(): Promise<void> {
    await this.#send("Page.reload", {});
  }

  async close(): Promise<void> {
    this.#debugger.terminate();
    const exited = new Promise((resolve) => this.#browser.once("exit", resolve));
    this.#browser.kill("SIGKILL");
    await exited;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #send(method: string, params: object): Promise<Answer> {
    const id = ++this.#sent;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#debugger.send(JSON.stringify({ id, method, params }));
    });
  }
}

interface Target {
  readonly type: string;
  readonly webSocketDebuggerUrl: string;
}

interface Answer {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

async function debuggingPort(browser: ChildProcess): Promise<string> {
  if (browser.stderr === null) throw new Error("The browser says nothing");
  const lines = createInterface({ input: browser.stderr });
  for await (const line of lines) {
    const port = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(line)?.[1];
    if (port !== undefined) return port;
  }
  throw new Error("The browser has ended");
}
