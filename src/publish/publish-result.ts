import { GatewayError, messageOf } from "../core/errors.ts";
import type { PublishError, PublishErrorCode, TakenOutcome } from "../core/pubsub/publish-request.ts";

/** What a publisher is told, one result per message, in their order. */
export interface PublishAnswer {
  readonly results: PublishResult[];
}

export type PublishResult = TakenResult | RefusedResult;

/** The message is durable. */
export interface TakenResult extends TakenOutcome {
  readonly workspaceId: string;
}

export interface RefusedResult {
  /** The one to publish again with; absent where the message had none and was refused before it got one. */
  readonly id?: string;
  readonly workspaceId?: string;
  readonly error: PublishError;
}

export function isRefused(result: object): result is { readonly error: PublishError } {
  return "error" in result;
}

/** The error of a message that could not be taken. What is nobody's mistake is logged, and may be tried again. */
export function publishErrorOf(thrown: unknown): PublishError {
  if (thrown instanceof GatewayError && isPublishErrorCode(thrown.code)) {
    return { code: thrown.code, message: thrown.message, retryable: thrown.retryable };
  }
  console.error({ message: "A message could not be handled", error: messageOf(thrown) });
  return unavailable("The gateway failed. Publish again with the same id.");
}

export function unavailable(message: string): PublishError {
  return { code: "UNAVAILABLE", message, retryable: true };
}

function isPublishErrorCode(code: string): code is PublishErrorCode {
  return CODES.some((known) => known === code);
}

const CODES: readonly PublishErrorCode[] = ["BAD_MESSAGE", "TOO_LARGE", "ID_REUSED", "UNAVAILABLE"];
