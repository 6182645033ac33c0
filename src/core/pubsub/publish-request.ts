import type { ErrorCode } from "../errors.ts";

/** One checked message on its way to the object of its workspace. */
export interface PublishRequest {
  /** The idempotency key. */
  readonly id: string;
  /** SHA-256 of the message as it was published, without its id, in hexadecimal: tells a repetition from a reused id. */
  readonly digest: string;
  /** Ids that came by queue are remembered longer. */
  readonly source: PublishSource;
  /** How many events the message holds. */
  readonly events: number;
  /** A `Message` as JSON: what the log keeps. */
  readonly body: string;
}

/** How a message came: by HTTP or RPC, whose caller has the answer, or by queue. */
export type PublishSource = "direct" | "queue";

/** The object's answer to one request. */
export type PublishOutcome = TakenOutcome | RefusedOutcome;

export interface TakenOutcome {
  readonly id: string;
  /** That of the message's last event. */
  readonly position: string;
  readonly events: number;
  /** The message was there before; this is the answer that it got then. */
  readonly duplicate: boolean;
}

export interface RefusedOutcome {
  readonly id: string;
  readonly error: PublishError;
}

/** Why a message was not taken, as publishers see it. */
export interface PublishError {
  readonly code: PublishErrorCode;
  readonly message: string;
  /** Whether the same message may be taken later. */
  readonly retryable: boolean;
}

export type PublishErrorCode = Extract<ErrorCode, "BAD_MESSAGE" | "TOO_LARGE" | "ID_REUSED" | "UNAVAILABLE">;
