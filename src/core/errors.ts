/**
 * Every error code that leaves the gateway, with the HTTP status it maps to and whether the same request may succeed
 * later. `docs/errors.md` says for each what the receiver must do next.
 */
export const ERRORS = {
  // Who is calling.
  UNAUTHENTICATED: { status: 401, retryable: false },
  FORBIDDEN: { status: 403, retryable: false },
  KEYS_UNAVAILABLE: { status: 503, retryable: true },

  // Publishing.
  BAD_MESSAGE: { status: 400, retryable: false },
  TOO_LARGE: { status: 413, retryable: false },
  ID_REUSED: { status: 409, retryable: false },
  UNAVAILABLE: { status: 503, retryable: true },

  // One operation.
  GRAPHQL_PARSE_FAILED: { status: 400, retryable: false },
  GRAPHQL_VALIDATION_FAILED: { status: 400, retryable: false },
  BAD_USER_INPUT: { status: 400, retryable: false },
  OPERATION_RESOLUTION_FAILURE: { status: 400, retryable: false },
  DOCUMENT_TOO_LARGE: { status: 400, retryable: false },
  DOCUMENT_TOO_DEEP: { status: 400, retryable: false },
  VARIABLES_TOO_LARGE: { status: 400, retryable: false },
  TOO_MANY_OPERATIONS: { status: 429, retryable: false },
  TOO_MANY_STREAMS: { status: 429, retryable: false },
  TOO_MANY_QUERIES: { status: 429, retryable: false },
  QUERY_TOO_LARGE: { status: 400, retryable: false },
  BAD_POSITION: { status: 400, retryable: false },
  TOO_FAST: { status: 429, retryable: true },
  NOT_HERE: { status: 400, retryable: false },
  OPERATION_OUTDATED: { status: 410, retryable: false },
  INTERNAL_SERVER_ERROR: { status: 500, retryable: true },

  // HTTP only.
  BAD_REQUEST: { status: 400, retryable: false },
  BAD_SETTING: { status: 500, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  VERSION_CONFLICT: { status: 409, retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false },
  NOT_ACCEPTABLE: { status: 406, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false },
  MISDIRECTED: { status: 421, retryable: false },
  PERSISTED_QUERY_NOT_FOUND: { status: 404, retryable: false },
  PERSISTED_QUERY_NOT_SUPPORTED: { status: 400, retryable: false },
  MIXED_OPERATION: { status: 400, retryable: false },
  UPSTREAM_FAILED: { status: 502, retryable: true },
  UPSTREAM_TIMEOUT: { status: 504, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class for what a caller did or must wait for. The message is shown to that caller as it is. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** Makes the compiler prove that a switch over a union is complete. */
export function assertNever(value: never): never {
  throw new TypeError(`Unhandled case: ${JSON.stringify(value)}`);
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
