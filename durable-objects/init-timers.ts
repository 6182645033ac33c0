import type { Connection } from "./connection.ts";

/**
 * Waits for the `connection_init` of sockets that were accepted. By timers, where every other deadline is the alarm's:
 * nearly all are stopped within a round trip, and an alarm would be written for whoever comes, and wake the object once
 * more. Meanwhile the platform does not hibernate the object.
 */
export class InitTimers {
  readonly #timers = new Map<Connection, ReturnType<typeof setTimeout>>();

  /** @param delayMs until `onTimeout` is called, unless the timer is stopped; one that runs is left alone */
  start(connection: Connection, delayMs: number, onTimeout: () => void): void {
    if (!this.#timers.has(connection)) this.#timers.set(connection, setTimeout(onTimeout, delayMs));
  }

  /** `connection_init` came, or the socket is gone. */
  stop(connection: Connection): void {
    clearTimeout(this.#timers.get(connection));
    this.#timers.delete(connection);
  }
}
