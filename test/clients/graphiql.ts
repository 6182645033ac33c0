import type { Browser, Page } from "playwright-core";
import { bearer, type Client, type Connection, type Observer, type Operation } from "./client.ts";

/** Starts an operation, and stops it. */
const EXECUTE = ".graphiql-execute-button";

/** The page that the gateway itself serves. Each subscription has a page of its own. */
export function graphiql(browser: () => Browser): Client {
  return {
    name: "GraphiQL in Chromium",
    packages: ["graphiql"],
    transport: "graphql-transport-ws",
    token: "its headers, as `connection_init`",
    reconnects: false,
    async open(connection) {
      const context = await browser().newContext({ viewport: { width: 1400, height: 900 } });
      return {
        async subscribe(operation, observer) {
          const page = await context.newPage();
          await run(page, connection, operation);
          await watch(page, observer);
          return () => page.locator(EXECUTE).click();
        },
        close: () => context.close(),
      };
    },
  };
}

async function run(page: Page, connection: Connection, { query }: Operation): Promise<void> {
  await page.goto(connection.url);
  const fill = async (editor: string, text: string) => {
    await page.locator(`${editor} .view-lines`).first().click();
    await page.keyboard.press("ControlOrMeta+A");
    // At once and in one line, as the editor completes brackets and indents what is typed.
    await page.keyboard.insertText(text.replaceAll(/\s+/g, " "));
  };
  await fill(".graphiql-query-editor", query);
  const headers = JSON.stringify({ Authorization: await bearer(connection) });
  await fill(".graphiql-editor-tool .graphiql-editor:not(.hidden)", headers);
  await page.locator(EXECUTE).click();
}

/** Tells every new text of the result pane as a result. Its long lines are broken. */
async function watch(page: Page, observer: Observer): Promise<void> {
  await page.exposeFunction("tellResult", (text: string) => {
    const result = parsed(text);
    if (result !== undefined) observer.next(result);
  });
  // The editor does not keep its lines in order.
  await page.evaluate(`{
    const topOf = (line) => Number.parseFloat(line.style.top);
    let last = "";
    setInterval(() => {
      const lines = [...document.querySelectorAll(".result-window .view-line")].sort((a, b) => topOf(a) - topOf(b));
      const text = lines.map((line) => line.textContent).join("");
      if (text !== last) window.tellResult((last = text));
    }, 20);
  }`);
}

function parsed(text: string): { data?: unknown; errors?: unknown } | undefined {
  try {
    return JSON.parse(text.replaceAll(/\s+/g, " "));
  } catch {
    // The editor is in the middle of a change.
    return undefined;
  }
}
