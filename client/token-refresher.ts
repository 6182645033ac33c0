import type { TokenSource } from "./token-source.ts";

/** The gateway takes one refresh per 5 s and socket. */
const MIN_INTERVAL_MS = 5_500;
/** Sockets that were warned together do not ask for their tokens together. */
const MAX_SPREAD_MS = 10_000;
const MAX_RETRY_MS = 15_000;
/** A ping payload may hold 4 KiB. A token beyond that goes with the next upgrade, after the server has closed. */
const MAX_TOKEN_LENGTH = 4_000;

/** Puts a newer token in the place of one socket's before that expires. */
export class TokenRefresher {
  readonly #tokens: TokenSource;
  readonly #send: (payload: { readonly accessToken: string }) => void;
  #token: string | undefined;
  #expiresAt = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #dueAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /** @param token the one that the socket was opened with */
  constructor(
    tokens: TokenSource,
    token: string | undefined,
    send: (payload: { readonly accessToken: string }) => void,
  ) {
    this.#tokens = tokens;
    this.#token = token;
    this.#send = send;
  }

  /** The server says when the token of the socket expires. */
  warn(expiresAt: number): void {
    this.#expiresAt = expiresAt;
    this.#schedule(Math.random() * Math.min(MAX_SPREAD_MS, this.#left / 4));
  }

  /** The server says what is the case after a refresh. */
  answer(expiresAt: number): void {
    if (expiresAt > this.#expiresAt) {
      this.#expiresAt = expiresAt;
      return;
    }
    // It could not look at the new token, so that one may come again.
    this.#token = undefined;
    this.#retry();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  get #left(): number {
    return Math.max(0, this.#expiresAt - Date.now());
  }

  #retry(): void {
    this.#schedule(Math.min(MAX_RETRY_MS, Math.max(MIN_INTERVAL_MS, this.#left / 4)));
  }

  #schedule(delayMs: number): void {
    const dueAt = Math.max(Date.now() + delayMs, this.#sentAt + MIN_INTERVAL_MS);
    if (this.#isStopped || (this.#timer !== undefined && this.#dueAt <= dueAt)) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => void this.#refresh(), dueAt - Date.now());
  }

  async #refresh(): Promise<void> {
    this.#timer = undefined;
    // A failure is not lost on anybody: it comes again with the next connection.
    const token = await this.#tokens.refreshed().catch(() => undefined);
    if (this.#isStopped) return;
    if (token === undefined || token === this.#token) return this.#retry();
    if (token.length > MAX_TOKEN_LENGTH) return;
    this.#token = token;
    this.#sentAt = Date.now();
    this.#send({ accessToken: token });
  }
}
