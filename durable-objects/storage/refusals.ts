/** Tokens that are refused although they verify. */
export interface Refusals {
  /** Refuses the tokens of an identity (or of `EVERYBODY`) issued up to and including a second, for good. */
  refuse(identity: string, issuedUntil: number): void;
  /** Whether a token issued at a second is refused under any of these identities. */
  isRefused(identities: readonly string[], issuedAt: number): boolean;
}

/** Stands for every identity of the workspace. */
export const EVERYBODY = "*";

export class SqliteRefusals implements Refusals {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  refuse(identity: string, issuedUntil: number): void {
    this.#sql.exec(
      `INSERT INTO refusals (identity, issued_until) VALUES (?, ?)
       ON CONFLICT (identity) DO UPDATE SET issued_until = max(issued_until, excluded.issued_until)`,
      ...[identity, issuedUntil],
    );
  }

  isRefused(identities: readonly string[], issuedAt: number): boolean {
    return identities.some((identity) => {
      const rows = this.#sql.exec(
        "SELECT 1 FROM refusals WHERE identity = ? AND issued_until >= ?",
        identity,
        issuedAt,
      );
      return rows.toArray().length > 0;
    });
  }
}
