import type { ErrorCode } from "../errors.ts";

/** Why something is not done with an event stream, as plain data: it passes between edge and object. */
export interface StreamRefusal {
  readonly code: Extract<
    ErrorCode,
    "FORBIDDEN" | "BAD_USER_INPUT" | "TOO_MANY_STREAMS" | "TOO_MANY_QUERIES" | "QUERY_TOO_LARGE"
  >;
  /** What Twenty's front-end tells its own errors by. */
  readonly subCode?: "EVENT_STREAM_ALREADY_EXISTS" | "NOT_AUTHORIZED";
  readonly message: string;
}

/** What became of adding or removing a query: false for a stream that is not there. */
export type StreamAnswer = boolean | StreamRefusal;

export const ALREADY_EXISTS: StreamRefusal = {
  code: "FORBIDDEN",
  subCode: "EVENT_STREAM_ALREADY_EXISTS",
  message: "The event stream is another caller's. Make one with another id.",
};

export const NOT_AUTHORIZED: StreamRefusal = {
  code: "FORBIDDEN",
  subCode: "NOT_AUTHORIZED",
  message: "The event stream is another caller's.",
};

export function tooManyQueries(message: string): StreamRefusal {
  return { code: "TOO_MANY_QUERIES", message };
}

const MAX_ID_LENGTH = 128;

/** Half of a surrogate pair has no UTF-8, of which channels are named and which SQLite keeps. */
export function refuseId(what: string, id: string): StreamRefusal | undefined {
  if (id !== "" && id.length <= MAX_ID_LENGTH && id.isWellFormed()) return undefined;
  return { code: "BAD_USER_INPUT", message: `${what} must be a text of 1 to ${MAX_ID_LENGTH} characters.` };
}
