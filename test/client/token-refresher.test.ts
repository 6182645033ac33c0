import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TokenRefresher } from "../../client/token-refresher.ts";
import { TokenSource } from "../../client/token-source.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A refresher of a socket that was opened with `token-0`. */
function refresher(ask: () => string | undefined | Promise<string>) {
  const sent: string[] = [];
  const token = vi.fn(ask);
  const source = new TokenSource(token, () => undefined);
  return { sent, token, of: new TokenRefresher(source, "token-0", ({ accessToken }) => sent.push(accessToken)) };
}

test("[C20] a new token is sent well before the old one expires", async () => {
  const { of, sent, token } = refresher(() => "token-1");
  of.warn(Date.now() + 60_000);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(token.mock.calls).toEqual([[{ refresh: true }]]);
  expect(sent).toEqual(["token-1"]);
  of.answer(Date.now() + 1_800_000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual(["token-1"]);
});

test("[C20] little time left is used at once, whatever the clock says", async () => {
  for (const expiresAt of [Date.now() + 400, Date.now() - 3_600_000]) {
    const { of, sent } = refresher(() => "token-1");
    of.warn(expiresAt);
    await vi.advanceTimersByTimeAsync(100);
    expect(sent).toEqual(["token-1"]);
  }
});

test("[C20] no more than one refresh in 5 s", async () => {
  let count = 0;
  const { of, sent } = refresher(() => `token-${++count}`);
  for (let at = 0; at < 60; at++) {
    // Tokens that live shorter than the warning is early: the server warns as soon as it has one.
    of.warn(Date.now() + 20_000);
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(sent.length).toBeGreaterThanOrEqual(4);
  expect(sent.length).toBeLessThanOrEqual(6);
});

test.each([
  ["the same as before", () => "token-0"],
  ["none", () => undefined],
  ["an error", () => Promise.reject(new Error("down"))],
])("[C20] the answer of the application is %s: it is asked again", async (_name, ask) => {
  let isDown = true;
  const { of, sent, token } = refresher(() => (isDown ? ask() : "token-1"));
  of.warn(Date.now() + 60_000);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(sent).toEqual([]);
  expect(token.mock.calls.length).toBeGreaterThanOrEqual(2);
  expect(token.mock.calls.length).toBeLessThanOrEqual(5);
  isDown = false;
  await vi.advanceTimersByTimeAsync(15_000);
  expect(sent).toEqual(["token-1"]);
});

test("[C20] a server that could not look at the token gets it again", async () => {
  const { of, sent } = refresher(() => "token-1");
  const expiresAt = Date.now() + 60_000;
  of.warn(expiresAt);
  await vi.advanceTimersByTimeAsync(10_000);
  of.answer(expiresAt);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(sent).toEqual(["token-1", "token-1"]);
});

test("[C20] a token that does not fit into a ping waits for the next connection", async () => {
  const { of, sent } = refresher(() => "x".repeat(5_000));
  of.warn(Date.now() + 60_000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual([]);
});

test("[C20] nothing is sent for a socket that has closed", async () => {
  let give: (token: string) => void = () => undefined;
  const { of, sent } = refresher(() => new Promise((resolve) => (give = resolve)));
  of.warn(Date.now() + 60_000);
  await vi.advanceTimersByTimeAsync(10_000);
  of.stop();
  give("token-1");
  of.warn(Date.now() + 60_000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual([]);
});
