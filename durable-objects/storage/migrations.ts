/**
 * The schema of a workspace's storage, one entry per version. Entries are only ever added: objects in the field stand
 * at any of them. (`PRAGMA user_version` is not available, hence the row in `meta`.)
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

   -- One row per published message. A row whose body is NULL is past retention and only remembers its id.
   CREATE TABLE log (
     last_offset INTEGER PRIMARY KEY,
     events INTEGER NOT NULL,
     at INTEGER NOT NULL,
     total_bytes INTEGER NOT NULL,
     id TEXT NOT NULL UNIQUE,
     digest TEXT NOT NULL,
     source TEXT NOT NULL,
     body TEXT
   );

   -- Operations that did not fit into their socket's attachment.
   CREATE TABLE operations (
     socket TEXT NOT NULL,
     id TEXT NOT NULL,
     operation TEXT NOT NULL,
     PRIMARY KEY (socket, id)
   ) WITHOUT ROWID;

   -- Tokens issued up to and including a second are refused, under each name of src/core/revocation.ts.
   CREATE TABLE refusals (name TEXT PRIMARY KEY, issued_until INTEGER NOT NULL) WITHOUT ROWID;`,

  `-- Event streams as JSON, and their queries in the order in which they were added.
   CREATE TABLE streams (id TEXT PRIMARY KEY, stream TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE stream_queries (
     number INTEGER PRIMARY KEY,
     stream TEXT NOT NULL,
     id TEXT NOT NULL,
     text TEXT NOT NULL,
     UNIQUE (stream, id)
   );

   -- With ORDER_BY_RECORD, when each record in the log was last changed.
   CREATE TABLE record_times (
     object TEXT NOT NULL,
     record TEXT NOT NULL,
     updated_at INTEGER NOT NULL,
     offset INTEGER NOT NULL,
     PRIMARY KEY (object, record)
   ) WITHOUT ROWID;
   CREATE INDEX record_times_by_offset ON record_times (offset);

   -- The permission snapshot, if there is one, and the roles of each member as JSON.
   CREATE TABLE permissions (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, rules TEXT NOT NULL);
   CREATE TABLE members (id TEXT PRIMARY KEY, roles TEXT NOT NULL) WITHOUT ROWID;

   -- Streams of Server-Sent Events that callers have reserved and not opened.
   CREATE TABLE sse_reservations (
     token TEXT PRIMARY KEY,
     identity TEXT NOT NULL,
     expires_at INTEGER NOT NULL
   ) WITHOUT ROWID;`,
];

/** The version of a storage, 0 when nothing was ever written. Creates nothing. */
export function storageVersion(sql: SqlStorage): number {
  const { count } = sql
    .exec<{ count: number }>("SELECT count(*) AS count FROM sqlite_master WHERE name = 'meta'")
    .one();
  if (count === 0) return 0;
  const { value } = sql.exec<{ value: string }>("SELECT value FROM meta WHERE key = 'version'").one();
  return Number(value);
}

/** Brings a storage to the newest version. */
export function migrate(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const version = storageVersion(sql);
  if (version >= MIGRATIONS.length) return;
  storage.transactionSync(() => {
    for (const statements of MIGRATIONS.slice(version)) sql.exec(statements);
    sql.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('version', ?)", String(MIGRATIONS.length));
  });
}
