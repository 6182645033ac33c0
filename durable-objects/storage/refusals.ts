/** Tokens that are refused although they verify: one row per name they are refused under. */
export interface Refusals {
  /** Refuses the tokens under a name that were issued up to and including a second, for good. */
  refuse(name: string, issuedUntil: number): void;
  /** Everything that is refused, so that it can outlive the rest of the storage. */
  all(): readonly Refusal[];
  /** Whether a token issued at a second is refused under any of these names. */
  isRefused(names: readonly string[], issuedAt: number): boolean;
}

/** The tokens under a name that were issued up to and including a second. */
export interface Refusal {
  readonly name: string;
  readonly issuedUntil: number;
}

export class SqliteRefusals implements Refusals {
  readonly #sql: SqlStorage;
  /** Nobody but this object writes, and most workspaces never refuse anybody. */
  #isEmpty: boolean | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  refuse(name: string, issuedUntil: number): void {
    this.#isEmpty = false;
    this.#sql.exec(
      `INSERT INTO refusals (name, issued_until) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET issued_until = max(issued_until, excluded.issued_until)`,
      ...[name, issuedUntil],
    );
  }

  all(): Refusal[] {
    return this.#sql
      .exec<{ name: string; issuedUntil: number }>("SELECT name, issued_until AS issuedUntil FROM refusals")
      .toArray();
  }

  isRefused(names: readonly string[], issuedAt: number): boolean {
    this.#isEmpty ??= this.#sql.exec("SELECT 1 FROM refusals LIMIT 1").toArray().length === 0;
    if (this.#isEmpty) return false;
    // One query, as every socket that comes is asked about.
    const places = names.map(() => "?").join();
    const query = `SELECT 1 FROM refusals WHERE name IN (${places}) AND issued_until >= ? LIMIT 1`;
    return this.#sql.exec(query, ...names, issuedAt).toArray().length > 0;
  }
}
