/** A close of a WebSocket. The pairs are kept together so that a reason never travels with another's code. */
export interface CloseEvent {
  readonly code: number;
  readonly reason: string;
}

/** Every close the gateway makes. `docs/protocol.md` says for each who may retry. */
export const CLOSE = {
  NORMAL: { code: 1000, reason: "Bye" },
  SILENT: { code: 1001, reason: "No answer to a ping" },
  RESTART: { code: 1012, reason: "Service restart" },
  OVERLOADED: { code: 1013, reason: "Try again later" },
  BAD_MESSAGE: { code: 4400, reason: "Invalid message" },
  UNAUTHORIZED: { code: 4401, reason: "Unauthorized" },
  FORBIDDEN: { code: 4403, reason: "Forbidden" },
  TOKEN_EXPIRED: { code: 4403, reason: "Token expired" },
  REVOKED: { code: 4403, reason: "Revoked" },
  SUBPROTOCOL_NOT_ACCEPTABLE: { code: 4406, reason: "Subprotocol not acceptable" },
  INIT_TIMEOUT: { code: 4408, reason: "Connection initialisation timeout" },
  SUBSCRIBER_EXISTS: { code: 4409, reason: "Subscriber already exists" },
  TOO_MANY_INITS: { code: 4429, reason: "Too many initialisation requests" },
} as const satisfies Record<string, CloseEvent>;

/** The same close with a reason of its own, cut to what a close frame can carry. */
export function closeWith(event: CloseEvent, reason: string): CloseEvent {
  return { code: event.code, reason: cutReason(reason) };
}

/** A close frame holds 125 bytes, two of them the code (RFC 6455, section 5.5). */
const MAX_REASON_BYTES = 123;

function cutReason(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  // A continuation byte (10xxxxxx) is no place to cut.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/**
 * What a close that came from one side of a relay is towards the other. 1005 (no code) and 1006 (no close frame) only
 * describe, they cannot be sent: `close(1006)` throws and would leak the other socket.
 */
export function relayedClose(event: CloseEvent, direction: "inwards" | "outwards"): CloseEvent {
  const isBroken = event.code === 1006 || event.code === 1015;
  return isBroken && direction === "outwards" ? CLOSE.RESTART : answeringClose(event);
}

/** The close that answers one of the other side: the same where it can be sent. */
export function answeringClose(event: CloseEvent): CloseEvent {
  const { code } = event;
  const isSendable =
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
  return isSendable ? closeWith(event, event.reason) : CLOSE.NORMAL;
}
