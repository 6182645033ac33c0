import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { nextDeadline, type SocketTimes } from "../../../src/core/protocol/deadlines.ts";
import { openSession, readySession } from "../../../src/core/protocol/session.ts";

const HOUR = 3_600_000;
const NOW = 1_788_220_800_000;

const READY: SocketTimes = { session: readySession(), tokenExpiresAt: NOW + HOUR, warned: false, seenAt: NOW };
const deadlineOf = (times: Partial<SocketTimes>) => nextDeadline({ ...READY, ...times }, DEFAULT_LIMITS);

describe("nextDeadline", () => {
  const opening = openSession(NOW, 10);
  const initialising = { state: "initialising" } as const;
  it.each<[string, Partial<SocketTimes>, ReturnType<typeof deadlineOf>]>([
    ["a socket waits for connection_init", { session: opening }, { what: "init-timeout", at: NOW + 10_000 }],
    [
      "its token expires while it waits",
      { session: opening, tokenExpiresAt: NOW + 5_000 },
      { what: "token-expiry", at: NOW + 5_000 },
    ],
    [
      "a silent socket that waits is not asked",
      { session: opening, seenAt: NOW - HOUR },
      { what: "init-timeout", at: NOW + 10_000 },
    ],
    ["connection_init is being looked at", { session: initialising }, { what: "token-expiry", at: NOW + HOUR }],
    ["a socket is quiet", {}, { what: "silence", at: NOW + 600_000 }],
    ["it was asked", { answerBy: NOW + 60_000 }, { what: "no-answer", at: NOW + 60_000 }],
    ["it was asked long after it was seen", { seenAt: 0, answerBy: NOW + 1 }, { what: "no-answer", at: NOW + 1 }],
    ["its token has 60 seconds left", { tokenExpiresAt: NOW + 60_000 }, { what: "token-warning", at: NOW }],
    [
      "its token had less left at the ack",
      { tokenExpiresAt: NOW + 5_000 },
      { what: "token-warning", at: NOW - 55_000 },
    ],
    ["it was warned", { tokenExpiresAt: NOW + 60_000, warned: true }, { what: "token-expiry", at: NOW + 60_000 }],
    [
      "an answer is due before the warning",
      { tokenExpiresAt: NOW + 90_000, answerBy: NOW + 20_000 },
      { what: "no-answer", at: NOW + 20_000 },
    ],
    [
      "the token expires before the answer is due",
      { tokenExpiresAt: NOW + 1_000, warned: true, answerBy: NOW + 20_000 },
      { what: "token-expiry", at: NOW + 1_000 },
    ],
  ])("%s", (_, times, deadline) => expect(deadlineOf(times)).toEqual(deadline));

  it("[SLOW-3] is the end of a slow reader's time, among the others", () => {
    expect(deadlineOf({ drainBy: NOW + 30_000 })).toEqual({ what: "slow-reader", at: NOW + 30_000 });
    expect(deadlineOf({ drainBy: NOW + 30_000, answerBy: NOW + 20_000 })).toEqual({
      what: "no-answer",
      at: NOW + 20_000,
    });
    expect(deadlineOf({ drainBy: NOW + 30_000, tokenExpiresAt: NOW + 10_000, warned: true })).toEqual({
      what: "token-expiry",
      at: NOW + 10_000,
    });
  });

  it("takes its times from the limits", () => {
    const limits = { ...DEFAULT_LIMITS, TOKEN_WARNING_SECONDS: 100, SILENT_SOCKET_SECONDS: 30 };
    expect(nextDeadline(READY, limits)).toEqual({ what: "silence", at: NOW + 30_000 });
    expect(nextDeadline({ ...READY, seenAt: NOW + HOUR }, limits)).toEqual({
      what: "token-warning",
      at: NOW + HOUR - 100_000,
    });
  });

  it("[SILENT-4] asks silent sockets together, those of a minute at its end", () => {
    const asked = [1, 30_000, 60_000, 60_001].map((later) => deadlineOf({ seenAt: NOW + later }).at - NOW);
    expect(asked).toEqual([660_000, 660_000, 660_000, 720_000]);
  });

  it("is never later than the token's expiry, and the expiry itself when both fall together", () => {
    expect(deadlineOf({ warned: true, tokenExpiresAt: NOW + 600_000 })).toEqual({
      what: "token-expiry",
      at: NOW + 600_000,
    });
  });
});
