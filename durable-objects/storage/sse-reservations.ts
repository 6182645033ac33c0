import type { Limits } from "../../src/core/limits.ts";

/** Streams of Server-Sent Events that callers may open, each once. */
export interface SseReservations {
  /** Makes one of a caller. The oldest of too many gives way. Returns its token, which is an id and no credential. */
  make(identity: string, limits: Limits, now: number): string;
  /** Uses one up. Returns whether the caller had it. */
  take(identity: string, token: string, now: number): boolean;
}

export class SqliteSseReservations implements SseReservations {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  make(identity: string, limits: Limits, now: number): string {
    const { MAX_SSE_RESERVATIONS_PER_IDENTITY: max, SSE_RESERVATION_SECONDS: seconds } = limits;
    const token = randomToken();
    this.#sql.exec("DELETE FROM sse_reservations WHERE expires_at <= ?", now);
    this.#sql.exec(
      `DELETE FROM sse_reservations WHERE token IN
         (SELECT token FROM sse_reservations WHERE identity = ? ORDER BY expires_at DESC LIMIT -1 OFFSET ?)`,
      ...[identity, max - 1],
    );
    const row = [token, identity, now + seconds * 1000];
    this.#sql.exec("INSERT INTO sse_reservations (token, identity, expires_at) VALUES (?, ?, ?)", ...row);
    return token;
  }

  take(identity: string, token: string, now: number): boolean {
    const taken = this.#sql.exec(
      "DELETE FROM sse_reservations WHERE token = ? AND identity = ? AND expires_at > ? RETURNING token",
      ...[token, identity, now],
    );
    return taken.toArray().length > 0;
  }
}

/** 128 random bits. */
function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
