/**
 * Every limit of the gateway as one object of data. A setting of the same name overrides a default; what happens past a
 * limit is told in `docs/protocol.md`.
 */
export interface Limit {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: "bytes" | "seconds" | "milliseconds" | "count" | "levels" | "tokens" | "per second";
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  // Frames from a client.
  MAX_FRAME_BYTES: limit(256 * KIB, "bytes", KIB, 32 * MIB),
  MAX_INIT_BYTES: limit(16 * KIB, "bytes", KIB, 256 * KIB),
  MAX_PING_PAYLOAD_BYTES: limit(4 * KIB, "bytes", 64, 256 * KIB),
  MAX_JSON_DEPTH: limit(64, "levels", 8, 256),
  INIT_TIMEOUT_SECONDS: limit(10, "seconds", 1, 300),

  // Operations of a socket.
  MAX_OPERATIONS_PER_SOCKET: limit(200, "count", 1, 10_000),
  // Each is executed for every event that it fits.
  MAX_DISTINCT_OPERATIONS_PER_IDENTITY: limit(500, "count", 1, 20_000),
  MAX_OPERATION_ID_LENGTH: limit(128, "count", 16, 1024),
  MAX_DOCUMENT_TOKENS: limit(2_000, "tokens", 10, 100_000),
  MAX_DOCUMENT_FRAGMENTS: limit(30, "count", 0, 1_000),
  // Each alias of a field is the whole field once more in every event.
  MAX_DOCUMENT_ALIASES: limit(30, "count", 0, 10_000),
  // Validation compares each with every other.
  MAX_DOCUMENT_REPEATED_FIELDS: limit(40, "count", 1, 1_000),
  MAX_DOCUMENT_DEPTH: limit(20, "levels", 1, 200),
  MAX_UNCACHED_DOCUMENTS_PER_SECOND: limit(5, "per second", 1, 1_000),
  MAX_CACHED_DOCUMENTS: limit(1_000, "count", 1, 100_000),
  MAX_CACHED_DOCUMENT_BYTES: limit(4 * MIB, "bytes", KIB, 64 * MIB),
  MAX_VARIABLES_BYTES: limit(128 * KIB, "bytes", KIB, MIB),
  MAX_SUBSCRIBES_PER_SECOND: limit(50, "per second", 1, 10_000),
  MAX_KEPT_BYTES_PER_IDENTITY: limit(MIB, "bytes", KIB, 64 * MIB),
  MAX_KEPT_BYTES_PER_WORKSPACE: limit(32 * MIB, "bytes", KIB, 64 * MIB),
  MAX_HTTP_DOCUMENT_TOKENS: limit(15_000, "tokens", 10, 100_000),
  MAX_HTTP_BODY_BYTES: limit(MIB, "bytes", KIB, 16 * MIB),
  UPSTREAM_TIMEOUT_SECONDS: limit(60, "seconds", 1, 600),

  // Event streams, and the filters of their queries and of roles.
  MAX_STREAMS_PER_IDENTITY: limit(50, "count", 1, 10_000),
  STREAM_LIFE_SECONDS: limit(120, "seconds", 1, 86_400),
  MAX_QUERIES_PER_STREAM: limit(500, "count", 1, 10_000),
  // Every record event is compared with all of them.
  MAX_QUERY_NODES_PER_IDENTITY: limit(5_000, "count", 1, 100_000),
  // Each of them may read all texts of an event.
  MAX_TEXT_CONDITIONS_PER_IDENTITY: limit(1_000, "count", 1, 100_000),
  MAX_QUERY_BYTES: limit(16 * KIB, "bytes", 64, MIB),
  MAX_QUERY_DEPTH: limit(32, "levels", 2, 64),
  MAX_QUERY_NODES: limit(500, "count", 1, 10_000),
  MAX_QUERY_IN_VALUES: limit(1_000, "count", 1, 100_000),

  // Replay, and readers that are slower than what they are sent.
  MAX_BATCH_FRAME_BYTES: limit(256 * KIB, "bytes", KIB, 16 * MIB),
  MAX_REPLAYS_PER_IDENTITY: limit(2, "count", 1, 1_000),
  MAX_REPLAYS_PER_WORKSPACE: limit(8, "count", 1, 1_000),
  MAX_REPLAY_BYTES_PER_MINUTE: limit(64 * MIB, "bytes", KIB, 1024 * MIB),
  MAX_UNREAD_BYTES_PER_SOCKET: limit(MIB, "bytes", KIB, 64 * MIB),
  MAX_UNREAD_BYTES_PER_ISOLATE: limit(32 * MIB, "bytes", KIB, 64 * MIB),
  SLOW_READER_SECONDS: limit(30, "seconds", 1, 600),
  REFRESH_INTERVAL_SECONDS: limit(5, "seconds", 0, 600),

  // Sockets.
  MAX_SOCKETS_PER_IDENTITY: limit(100, "count", 1, 20_000),
  MAX_SOCKETS_PER_WORKSPACE: limit(20_000, "count", 1, 32_000),
  MAX_SERVER_SOCKETS_PER_WORKSPACE: limit(1_000, "count", 1, 20_000),
  MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS: limit(100, "count", 1, 100_000),
  MAX_SSE_RESERVATIONS_PER_IDENTITY: limit(10, "count", 1, 1_000),
  SSE_RESERVATION_SECONDS: limit(60, "seconds", 1, 3_600),
  SILENT_SOCKET_SECONDS: limit(600, "seconds", 1, 86_400),
  SILENT_ANSWER_SECONDS: limit(60, "seconds", 1, 3_600),
  TOKEN_WARNING_SECONDS: limit(60, "seconds", 1, 3_600),
  // Twenty's front takes a stream or a chat for dead after 90 s without a result.
  KEEP_ALIVE_SECONDS: limit(30, "seconds", 1, 60),

  // Permissions.
  // The rules are one row as well.
  MAX_PERMISSIONS_BYTES: limit(MIB, "bytes", KIB, 1.5 * MIB),
  MAX_MEMBERS: limit(50_000, "count", 0, 500_000),
  MAX_MEMBERS_PATCH_BYTES: limit(8 * MIB, "bytes", KIB, 16 * MIB),

  // Publishing.
  // A message is one row, and a row of an object's SQLite holds 2 MB.
  MAX_PUBLISH_BYTES: limit(MIB, "bytes", KIB, 1.5 * MIB),
  MAX_PUBLISH_MESSAGES: limit(100, "count", 1, 1_000),
  MAX_EVENTS_PER_MESSAGE: limit(1_000, "count", 1, 10_000),
  ENRICH_TIMEOUT_MS: limit(500, "milliseconds", 1, 10_000),
  MAX_ENRICH_FAILURES: limit(5, "count", 1, 1_000),
  ENRICH_REST_SECONDS: limit(30, "seconds", 1, 3_600),
  MAX_ENRICHED_BYTES: limit(1.75 * MIB, "bytes", KIB, 1.75 * MIB),
  MAX_MESSAGE_ID_LENGTH: limit(128, "count", 16, 512),

  // The log.
  LOG_MAX_AGE_SECONDS: limit(600, "seconds", 0, 30 * 86_400),
  LOG_MAX_EVENTS: limit(10_000, "count", 0, 10_000_000),
  LOG_MAX_BYTES: limit(256 * MIB, "bytes", 0, 8 * 1024 * MIB),
  ID_MEMORY_SECONDS: limit(600, "seconds", 600, 30 * 86_400),
  QUEUE_ID_MEMORY_SECONDS: limit(4 * 86_400, "seconds", 600, 30 * 86_400),
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;
export type Limits = { readonly [Name in LimitName]: number };

/** The defaults, as values. */
export const DEFAULT_LIMITS: Limits = limitsFrom((name) => LIMITS[name].default);

/** Builds a full set of limits by asking for each. */
export function limitsFrom(read: (name: LimitName) => number): Limits {
  const names = Object.keys(LIMITS) as LimitName[];
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Limits;
}

function limit(byDefault: number, unit: Limit["unit"], min: number, max: number): Limit {
  return { default: byDefault, unit, min, max };
}
