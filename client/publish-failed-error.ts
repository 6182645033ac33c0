import type { PublishError } from "./publish-message.ts";

/** A payload was not taken. */
export class PublishFailedError extends Error {
  override readonly name = "PublishFailedError";
  /** As in `docs/errors.md`. */
  readonly code: string;
  readonly retryable: boolean;

  constructor({ code, message, retryable }: PublishError) {
    super(`${code}: ${message}`);
    this.code = code;
    this.retryable = retryable;
  }
}
