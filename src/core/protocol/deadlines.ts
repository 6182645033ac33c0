import type { Limits } from "../limits.ts";
import type { Session } from "./session.ts";

/** The facts about a socket that time acts on, all in epoch ms. */
export interface SocketTimes {
  readonly session: Session;
  readonly tokenExpiresAt: number;
  readonly warned: boolean;
  readonly seenAt: number;
  readonly answerBy?: number;
  readonly drainBy?: number;
}

/** The next thing that time does to a socket. */
export interface Deadline {
  readonly what: "init-timeout" | "token-warning" | "token-expiry" | "silence" | "no-answer" | "slow-reader";
  readonly at: number;
}

/**
 * The earliest deadline of a socket. A function of stored facts, because no timer survives hibernation: the one alarm of
 * the object is set to the earliest of all sockets.
 */
export function nextDeadline(
  { session, tokenExpiresAt, warned, seenAt, answerBy, drainBy }: SocketTimes,
  limits: Limits,
): Deadline {
  let next: Deadline = { what: "token-expiry", at: tokenExpiresAt };
  const consider = (deadline: Deadline) => {
    if (deadline.at < next.at) next = deadline;
  };
  if (session.state !== "ready") {
    if (session.state === "opening") consider({ what: "init-timeout", at: session.initBy });
    return next;
  }
  if (!warned) consider({ what: "token-warning", at: tokenExpiresAt - limits.TOKEN_WARNING_SECONDS * 1000 });
  if (drainBy !== undefined) consider({ what: "slow-reader", at: drainBy });
  if (answerBy !== undefined) consider({ what: "no-answer", at: answerBy });
  else consider({ what: "silence", at: silenceEnds(seenAt, limits) });
  return next;
}

/** Silent sockets are asked together: one wake for all of a minute, not one for each. */
function silenceEnds(seenAt: number, { SILENT_SOCKET_SECONDS: seconds }: Limits): number {
  const beatMs = Math.min(60, seconds) * 1000;
  return Math.ceil((seenAt + seconds * 1000) / beatMs) * beatMs;
}
