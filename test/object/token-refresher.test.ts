import { expect, it, vi } from "vitest";
import type { Connection } from "../../durable-objects/connection.ts";
import { TokenRefresher } from "../../durable-objects/token-refresher.ts";
import { GatewayError } from "../../src/core/errors.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { identityOf, type Principal } from "../../src/core/principal.ts";
import { CLOSE } from "../../src/core/protocol/close-events.ts";

it("[REFRESH-5] keys that cannot be fetched leave the socket as it is", async () => {
  const frames: string[] = [];
  const connection = { closed: false, tokenExpiresAt: 1000, send: (frame: string) => frames.push(frame) };
  const refresher = new TokenRefresher({
    verifier: { verify: () => Promise.reject(new GatewayError("KEYS_UNAVAILABLE", "The keys cannot be fetched.")) },
    limits: DEFAULT_LIMITS,
    isRefused: () => false,
    close: () => expect.unreachable("It was closed."),
    keep: () => expect.unreachable("A token was taken."),
  });
  await refresher.refresh(connection as unknown as Connection, "token", 0);
  expect(frames).toEqual(['{"type":"pong","payload":{"tokenExpiresAt":1000}}']);
});

it("a socket whose new token cannot be kept is closed 1012: the next wake would know the old one only", async () => {
  const principal = { kind: "user", workspaceId: "w", userId: "u" } as unknown as Principal;
  const connection = {
    closed: false,
    identity: identityOf(principal),
    state: { principal },
    update: () => {},
    send: () => expect.unreachable("It was answered."),
  };
  const close = vi.fn();
  const logged = vi.spyOn(console, "error").mockReturnValue();
  const refresher = new TokenRefresher({
    verifier: { verify: () => Promise.resolve(principal) },
    limits: DEFAULT_LIMITS,
    isRefused: () => false,
    close,
    keep: () => {
      throw new Error("SQLITE_FULL");
    },
  });
  await refresher.refresh(connection as unknown as Connection, "token", 0);
  expect(close.mock.calls).toEqual([[connection, CLOSE.RESTART]]);
  expect(logged.mock.calls).toEqual([
    [{ message: "A token could not be refreshed", workspaceId: "w", error: "SQLITE_FULL" }],
  ]);
});
