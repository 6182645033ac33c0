import { expect, it } from "vitest";
import type { Connection } from "../../durable-objects/connection.ts";
import { TokenRefresher } from "../../durable-objects/token-refresher.ts";
import { GatewayError } from "../../src/core/errors.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";

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
