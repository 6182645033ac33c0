import { isObject, parseJson } from "./json.ts";
import type { PublishError } from "./publish-message.ts";

/** The entrypoint `Publisher` of the gateway, bound to a Worker as a service. */
export interface PublisherBinding {
  publish(messages: unknown): PromiseLike<unknown>;
}

/** What came of one call. */
export type PublishOutcome =
  /** An answer for each message, in order. */
  | { readonly type: "answers"; readonly answers: readonly PublishAnswer[]; readonly waitMs: number }
  /** The call as a whole was not taken, whatever is in it. */
  | { readonly type: "failed"; readonly error: PublishError; readonly waitMs: number }
  /** It was too large as a whole. */
  | { readonly type: "too-large"; readonly error: PublishError };

export type PublishAnswer =
  | { readonly position: string; readonly events: number; readonly duplicate: boolean; readonly error?: never }
  | { readonly error: PublishError };

/** Sends messages, each as JSON text, in one call. Never throws. */
export type PublishTransport = (messages: readonly string[]) => Promise<PublishOutcome>;

export interface HttpTransportOptions {
  readonly url: string;
  readonly secret: string;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}

/** Publishes over `POST /publish`. */
export function httpTransport({ url, secret, fetch, timeoutMs }: HttpTransportOptions): PublishTransport {
  const headers = { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" };
  return async function publishOverHttp(messages) {
    try {
      const body = `{"messages":[${messages.join(",")}]}`;
      const signal = AbortSignal.timeout(timeoutMs);
      // A redirect would carry events to somewhere else.
      const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
      const waitMs = retryAfterMs(response.headers.get("Retry-After"));
      const answer = parseJson(await response.text());
      const answers = answersIn(answer, messages.length);
      if (answers !== undefined) return { type: "answers", answers, waitMs };
      const error = errorIn(answer, response.status);
      return response.status === 413 ? { type: "too-large", error } : { type: "failed", error, waitMs };
    } catch {
      return unreachable("The gateway could not be reached, or did not answer.");
    }
  };
}

/** Publishes over a service binding, which is the credential. */
export function bindingTransport(binding: PublisherBinding, timeoutMs: number): PublishTransport {
  return async function publishOverBinding(messages) {
    try {
      const calling = binding.publish(messages.map((message) => JSON.parse(message) as unknown));
      const answer = await inTime(calling, timeoutMs);
      const answers = answersIn(answer, messages.length);
      return answers === undefined
        ? unreachable("The binding gave no answer of a gateway.")
        : { type: "answers", answers, waitMs: 0 };
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      const code = isObject(thrown) ? thrown["code"] : undefined;
      if (code === "TOO_LARGE") return { type: "too-large", error: { code, message, retryable: false } };
      if (code !== "BAD_MESSAGE") return unreachable(message);
      return { type: "failed", error: { code, message, retryable: false }, waitMs: 0 };
    }
  };
}

/** A call of a binding cannot be cut off; what it answers later is left alone. */
async function inTime<T>(calling: PromiseLike<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("The binding did not answer in time.")), timeoutMs);
  });
  try {
    return await Promise.race([calling, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Longer than this nobody needs to be told to wait. */
const MAX_RETRY_AFTER_MS = 60_000;

function retryAfterMs(header: string | null): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}

function unreachable(message: string): PublishOutcome {
  return { type: "failed", error: { code: "UNAVAILABLE", message, retryable: true }, waitMs: 0 };
}

function answersIn(body: unknown, count: number): PublishAnswer[] | undefined {
  const results = isObject(body) ? body["results"] : undefined;
  if (!Array.isArray(results) || results.length !== count) return undefined;
  const answers = results.flatMap((result: unknown) => answerIn(result) ?? []);
  return answers.length === count ? answers : undefined;
}

function answerIn(result: unknown): PublishAnswer | undefined {
  if (!isObject(result)) return undefined;
  const { position, events, duplicate, error } = result;
  if (isObject(error)) {
    const { code, message, retryable } = error;
    return { error: { code: String(code), message: String(message), retryable: retryable === true } };
  }
  if (typeof position !== "string" || typeof events !== "number") return undefined;
  return { position, events, duplicate: duplicate === true };
}

/** The error of an answer that is for the call as a whole. */
function errorIn(body: unknown, status: number): PublishError {
  const first: unknown = isObject(body) && Array.isArray(body["errors"]) ? body["errors"][0] : undefined;
  const retryable = status >= 500 || status === 408 || status === 425 || status === 429;
  const extensions = isObject(first) ? first["extensions"] : undefined;
  if (!isObject(first) || !isObject(extensions)) {
    return { code: `HTTP_${status}`, message: `The gateway answered ${status}.`, retryable };
  }
  return { code: String(extensions["code"]), message: String(first["message"]), retryable };
}
