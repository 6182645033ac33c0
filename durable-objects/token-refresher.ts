import type { TokenVerifier } from "../src/auth/verify-token.ts";
import { GatewayError, messageOf } from "../src/core/errors.ts";
import type { Limits } from "../src/core/limits.ts";
import { identityOf, type Principal } from "../src/core/principal.ts";
import { CLOSE, type CloseEvent, closeWith } from "../src/core/protocol/close-events.ts";
import { encodeServerMessage } from "../src/core/protocol/codec.ts";
import type { Connection } from "./connection.ts";

/** What a refresh needs of its surroundings. */
export interface TokenRefresherContext {
  readonly verifier: TokenVerifier;
  readonly limits: Limits;
  readonly isRefused: (principal: Principal) => boolean;
  readonly close: (connection: Connection, event: CloseEvent) => void;
  /** Keeps a connection's new token, lets its operations see what that allows, and wakes the object for its times. */
  readonly keep: (connection: Connection) => void;
}

/** Puts a newer token of the same caller in the place of a socket's token; no subscription is touched. */
export class TokenRefresher {
  readonly #context: TokenRefresherContext;
  /** When each socket last brought a token. Forgotten by an eviction, which takes longer than the interval. */
  readonly #refreshedAt = new WeakMap<Connection, number>();

  constructor(context: TokenRefresherContext) {
    this.#context = context;
  }

  /** Answers with a pong that tells when the socket's token expires; closes the socket for a token that is not its own. */
  async refresh(connection: Connection, token: string, now: number): Promise<void> {
    const { REFRESH_INTERVAL_SECONDS } = this.#context.limits;
    const last = this.#refreshedAt.get(connection);
    if (last !== undefined && now - last < REFRESH_INTERVAL_SECONDS * 1000) return this.#answer(connection);
    // Taken before the await: frames of one socket interleave there.
    this.#refreshedAt.set(connection, now);
    const refused = await this.#verify(connection, token);
    // The socket may have closed meanwhile, or its token have expired.
    if (connection.closed) return;
    if (refused === undefined) return this.#answer(connection);
    this.#context.close(connection, refused);
  }

  /** Takes the token over, or says how to close the socket because of it. */
  async #verify(connection: Connection, token: string): Promise<CloseEvent | undefined> {
    try {
      const principal = await this.#context.verifier.verify(token);
      if (connection.closed) return undefined;
      const { workspaceId } = connection.state.principal;
      if (principal.workspaceId !== workspaceId || identityOf(principal) !== connection.identity) {
        return closeWith(CLOSE.FORBIDDEN, "The new token is of another caller");
      }
      if (this.#context.isRefused(principal)) return CLOSE.REVOKED;
      return this.#take(connection, principal);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) {
        this.#log(connection, thrown);
        return undefined;
      }
      // Keys that cannot be fetched are nobody's fault: the socket stays until its token expires.
      return thrown.code === "KEYS_UNAVAILABLE" ? undefined : closeWith(CLOSE.FORBIDDEN, thrown.message);
    }
  }

  #take(connection: Connection, principal: Principal): CloseEvent | undefined {
    try {
      connection.update({ principal, warned: false });
      this.#context.keep(connection);
      return undefined;
    } catch (thrown) {
      this.#log(connection, thrown);
      // The next wake would know the old token only, when the client was told how long the new one lasts.
      return CLOSE.RESTART;
    }
  }

  #log({ state }: Connection, thrown: unknown): void {
    const { workspaceId } = state.principal;
    console.error({ message: "A token could not be refreshed", workspaceId, error: messageOf(thrown) });
  }

  #answer(connection: Connection): void {
    connection.send(encodeServerMessage({ type: "pong", payload: { tokenExpiresAt: connection.tokenExpiresAt } }));
  }
}
