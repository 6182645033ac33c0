import { isExpired, readClaims } from "./jwt.ts";

export interface TokenRequest {
  /** The token that was given last no longer serves, or not for long: a cached one will not do. */
  readonly refresh: boolean;
}

/** Gives the caller's access token, or nothing for a caller that has none. */
export type TokenFunction = (request: TokenRequest) => MaybeToken | PromiseLike<MaybeToken>;
type MaybeToken = string | null | undefined;

/** The token of an application, asked for when a socket needs one. */
export class TokenSource {
  readonly #ask: TokenFunction;
  readonly #onToken: (token: string) => void;
  #isDistrusted = false;

  constructor(ask: TokenFunction, onToken: (token: string) => void) {
    this.#ask = ask;
    this.#onToken = onToken;
  }

  /** A token for a new socket; one that is past its time already is asked for again. */
  async forConnection(): Promise<string | undefined> {
    if (this.#isDistrusted) return this.refreshed();
    const token = await this.#get({ refresh: false });
    const claims = token === undefined ? undefined : readClaims(token);
    return claims !== undefined && isExpired(claims, Date.now()) ? this.refreshed() : token;
  }

  /** A token that is newer than what was given before. */
  async refreshed(): Promise<string | undefined> {
    const token = await this.#get({ refresh: true });
    this.#isDistrusted = false;
    return token;
  }

  /** The server did not take the token: the next socket needs another. */
  distrust(): void {
    this.#isDistrusted = true;
  }

  async #get(request: TokenRequest): Promise<string | undefined> {
    const answer = await this.#ask(request);
    const token = answer?.replace(/^Bearer\s+/i, "").trim();
    if (!token) return undefined;
    this.#onToken(token);
    return token;
  }
}
