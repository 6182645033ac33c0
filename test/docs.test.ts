import { readFileSync } from "node:fs";
import { createClient } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../src/core/errors.ts";
import { LIMITS } from "../src/core/limits.ts";
import { CLOSE, type CloseEvent } from "../src/core/protocol/close-events.ts";

/** The cells of all rows of a page's tables. */
function rowsOf(page: string): string[][] {
  const text = readFileSync(new URL(`../docs/${page}`, import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  return rows.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

const protocol = rowsOf("protocol.md");

describe("docs/errors.md", () => {
  const rows = rowsOf("errors.md").filter(([code]) => code?.startsWith("`"));

  it("tells of every code, with its status and whether it may pass, and of no other", () => {
    const told = rows.map(([code = "", status, later]) => [code.slice(1, -1), Number(status), later]);
    const known = Object.entries(ERRORS).map(([code, { status, retryable }]) => [
      code,
      status,
      retryable ? "yes" : "no",
    ]);
    expect(told.sort()).toEqual(known.sort());
  });

  it("tells of each what it means, where it appears and what to do next", () => {
    for (const row of rows) {
      expect(row).toHaveLength(6);
      expect(row.slice(3).every((cell) => cell.length > 3)).toBe(true);
    }
  });
});

it("docs/protocol.md tells of every limit with its default, and of no other", () => {
  const told = protocol.flatMap(([, setting = "", value]) =>
    /^`[A-Z_]+`$/.test(setting) ? [`${setting.slice(1, -1)} ${value}`] : [],
  );
  const known = Object.entries(LIMITS).map(([name, { default: value, unit }]) => `${name} ${value} (${unit})`);
  expect(told.sort()).toEqual(known.sort());
});

describe("the close codes of docs/protocol.md", () => {
  const rows = protocol.filter(([code = ""]) => /^\d{4}$/.test(code));

  it("are all that the gateway closes with, each with its reason", () => {
    for (const { code, reason } of Object.values<CloseEvent>(CLOSE)) {
      const [, reasons] = rows.find(([told]) => told === `${code}`) ?? [];
      const shown =
        code === 4403 ? "check that failed" : reason.replace("Subscriber already", "Subscriber for <id> already");
      expect(reasons).toContain(shown);
    }
    expect(new Set(rows.map(([code]) => Number(code)))).toEqual(
      new Set(Object.values<CloseEvent>(CLOSE).map(({ code }) => code)),
    );
  });

  it.each(rows.map(([code = "", , , , stock = ""]) => [Number(code), stock] as const))(
    "%i: a stock client %s",
    async (code, stock) => expect(await comesBackAfter(code)).toBe(stock.startsWith("retries")),
  );
});

/** Whether a stock client connects again after a server closed with a code. */
function comesBackAfter(code: number): Promise<boolean> {
  return new Promise((resolve) => {
    let connections = 0;
    class ClosingSocket {
      static readonly CONNECTING = 0;
      static readonly OPEN = 1;
      static readonly CLOSING = 2;
      static readonly CLOSED = 3;
      onclose: ((event: CloseEvent) => void) | undefined;

      constructor() {
        if (++connections > 1) resolve(true);
        else queueMicrotask(() => this.onclose?.({ code, reason: "" }));
      }
    }
    const client = createClient({
      url: "ws://localhost/graphql",
      webSocketImpl: ClosingSocket,
      retryWait: () => Promise.resolve(),
    });
    const ignore = () => undefined;
    client.subscribe({ query: "{ a }" }, { next: ignore, error: () => resolve(false), complete: ignore });
  });
}
