import type { Limits } from "../src/core/limits.ts";
import { CLOSE, type CloseEvent, closeWith } from "../src/core/protocol/close-events.ts";
import { withResumeState } from "../src/core/protocol/session.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { RunningOperation } from "./running-operation.ts";
import type { UnreadBytes } from "./unread-bytes.ts";

/** What slow readers need of their surroundings. */
export interface SlowReadersContext {
  readonly limits: Limits;
  readonly connections: Connections;
  readonly unread: UnreadBytes;
  /** Makes sure that the object wakes in time for a socket. */
  readonly schedule: (connection: Connection) => void;
  /** Takes an operation from among the live ones to those that read the log. */
  readonly toCatchUp: (operation: RunningOperation) => void;
  readonly close: (connection: Connection, event: CloseEvent) => void;
}

/** Readers that leave too much unread: they get no live events, and go on from the log once they have drained. */
export class SlowReaders {
  readonly #context: SlowReadersContext;

  constructor(context: SlowReadersContext) {
    this.#context = context;
  }

  /** Whether more waits for a socket than may, here or at the edge that relays it. */
  isTooSlow(connection: Connection, now: number): boolean {
    const isSlowAtEdge = connection.mayFollow < 0 && connection.state.isSlowAtEdge === true;
    return isSlowAtEdge || this.#context.unread.isTooSlow(connection, now);
  }

  /**
   * A reader is too slow. It is closed where an operation of it cannot read the log.
   * @param offset its live operations have had everything up to here
   */
  fallBehind(connection: Connection, offset: number, now: number, where: "here" | "edge"): void {
    const operations = [...connection.running.values()];
    const canResume = operations.every(({ id }) => connection.operations.get(id)?.resume !== undefined);
    if (!canResume) return this.#context.close(connection, closeWith(CLOSE.OVERLOADED, TOO_SLOW));
    const live = operations.filter(({ group }) => group !== undefined);
    for (const operation of live) this.#context.toCatchUp(operation);
    connection.updateReady((ready) =>
      live.reduce((session, { id }) => withResumeState(session, id, { cursor: offset }), ready),
    );
    if (where === "edge") {
      connection.update({ isSlowAtEdge: true });
      // Nobody looks at its state otherwise.
      connection.mayFollow = -1;
    }
    this.setSlow(connection, true, now);
  }

  /** The edge says that a relayed client reads too slowly, or that it has caught up with its bytes. */
  setSlowAtEdge(connection: Connection, isSlow: boolean, head: number, now: number): void {
    if (isSlow === (connection.state.isSlowAtEdge === true)) return;
    if (isSlow) return this.fallBehind(connection, head, now, "edge");
    connection.clear("drainBy", "isSlowAtEdge");
    this.#context.connections.save(connection);
  }

  /** Gives a reader its time, which runs from the first time that it is found too slow, or takes it back. */
  setSlow(connection: Connection, isSlow: boolean, now: number): void {
    const { limits, connections, schedule } = this.#context;
    if (!isSlow) connection.clear("drainBy");
    else if (connection.state.drainBy === undefined) {
      connection.update({ drainBy: now + limits.SLOW_READER_SECONDS * 1000 });
    }
    connections.save(connection);
    schedule(connection);
  }
}

export const TOO_SLOW = "Reads too slowly (MAX_UNREAD_BYTES_PER_SOCKET)";
