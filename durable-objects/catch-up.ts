import { messageOf } from "../src/core/errors.ts";
import type { Limits } from "../src/core/limits.ts";
import type { LoggedMessage, Payload } from "../src/core/operation/subscription-groups.ts";
import { CLOSE, type CloseEvent } from "../src/core/protocol/close-events.ts";
import type { LogRow, ReplayLog } from "../src/core/pubsub/replay-log.ts";
import type { EventStreams } from "../src/core/streams/event-streams.ts";
import type { Connection } from "./connection.ts";
import { ReplayWindows } from "./replay-windows.ts";
import type { RunningOperation } from "./running-operation.ts";
import type { UnreadBytes } from "./unread-bytes.ts";

/** There is no event for a socket that has drained, so this is how often one is looked at. */
const LOOK_AGAIN_MS = 50;
/** After something went wrong that is nobody's in particular. */
const TRY_AGAIN_MS = 1000;
/** How many are asked in one run whether they can take a page, so that a run costs the same however many wait. */
const LOOKS_PER_RUN = 500;

/** What a catch-up needs of its surroundings. */
export interface CatchUpContext {
  readonly workspaceId: string;
  readonly limits: Limits;
  readonly streams: EventStreams;
  readonly unread: UnreadBytes;
  readonly log: () => ReplayLog;
  readonly read: (row: LogRow) => LoggedMessage;
  readonly positionAt: (offset: number) => string;
  /** Sends a payload; the connection may be closed by it. */
  readonly give: (operation: RunningOperation, payload: Payload, now: number) => void;
  readonly advance: (operation: RunningOperation, cursor: number) => void;
  readonly goLive: (operation: RunningOperation, how: "complete" | "gap") => void;
  /** Gives a slow reader its time, and takes it back. */
  readonly setSlow: (connection: Connection, isSlow: boolean, now: number) => void;
  readonly close: (connection: Connection, event: CloseEvent) => void;
}

/**
 * Reads operations forward through the log until they are live: those that resume, and those whose reader was too slow.
 * Nothing here is needed to be right: how far each has come is in its socket's state, and the timer is set again by
 * whatever wakes the object.
 */
export class CatchUp {
  readonly #context: CatchUpContext;
  readonly #waiting = new Set<RunningOperation>();
  readonly #windows: ReplayWindows;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(context: CatchUpContext) {
    this.#context = context;
    this.#windows = new ReplayWindows(context);
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(operation: RunningOperation): void {
    this.#waiting.add(operation);
  }

  delete(operation: RunningOperation): void {
    this.#waiting.delete(operation);
  }

  /**
   * Moves on those whose turn it is by one page each, and sees to it that the rest follows. Throws nothing: whoever
   * publishes or subscribes meanwhile has nothing to do with what goes wrong.
   */
  run(now: number): void {
    if (this.#waiting.size === 0) return this.#windows.letGo(now);
    const moved = new Set<Connection>();
    let againInMs = TRY_AGAIN_MS;
    try {
      for (const operation of this.#turns(now)) {
        moved.add(operation.connection);
        this.#tryMoveOn(operation, now);
      }
      againInMs = moved.size > 0 ? 0 : LOOK_AGAIN_MS;
    } catch (thrown) {
      this.#log(thrown);
    }
    for (const connection of moved) connection.flush();
    if (this.#waiting.size > 0) this.#runAgain(againInMs);
  }

  /** Those that may be replayed now, first come first served; one that cannot be goes behind the others. */
  #turns(now: number): RunningOperation[] {
    const { limits, unread } = this.#context;
    // Where readers already leave too much unread, one page at a time still lets everybody get there.
    const atOnce = unread.isOverfull ? 1 : limits.MAX_REPLAYS_PER_WORKSPACE;
    const turns: RunningOperation[] = [];
    const perIdentity = new Map<string, number>();
    let looks = Math.min(LOOKS_PER_RUN, this.#waiting.size);
    for (const operation of this.#waiting) {
      if (turns.length >= atOnce || looks-- === 0) break;
      const { connection } = operation;
      const running = perIdentity.get(connection.identity) ?? 0;
      if (running < limits.MAX_REPLAYS_PER_IDENTITY && this.#canTake(connection, now)) {
        perIdentity.set(connection.identity, running + 1);
        turns.push(operation);
      } else {
        this.#waiting.delete(operation);
        this.#waiting.add(operation);
      }
    }
    return turns;
  }

  #canTake(connection: Connection, now: number): boolean {
    const { drainBy, isSlowAtEdge } = connection.state;
    // The edge says itself when its bytes have drained.
    if (isSlowAtEdge) return false;
    const isDrained = this.#context.unread.isDrained(connection);
    if (isDrained === (drainBy !== undefined)) this.#context.setSlow(connection, !isDrained, now);
    return isDrained;
  }

  /** What goes wrong with one operation ends its socket, which resumes: it must not keep the others waiting. */
  #tryMoveOn(operation: RunningOperation, now: number): void {
    try {
      this.#moveOn(operation, now);
    } catch (thrown) {
      this.#log(thrown);
      this.#context.close(operation.connection, CLOSE.RESTART);
    }
  }

  #moveOn(operation: RunningOperation, now: number): void {
    const context = this.#context;
    const log = context.log();
    const cursor = operation.connection.operations.get(operation.id)?.resume?.cursor;
    // Another operation of the same turn may have closed the socket.
    if (cursor === undefined || operation.connection.closed) return void this.#waiting.delete(operation);
    if (cursor < log.floor) return this.#end(operation, "gap");
    if (cursor >= log.head) return this.#end(operation, "complete");
    const page = this.#windows.after(cursor, log, now).page(operation, cursor, context.limits.MAX_BATCH_FRAME_BYTES);
    for (const payload of page.payloads) context.give(operation, payload, now);
    if (operation.connection.closed) return void this.#waiting.delete(operation);
    if (page.upTo >= log.head) return this.#end(operation, "complete");
    context.advance(operation, page.upTo);
  }

  #end(operation: RunningOperation, how: "complete" | "gap"): void {
    this.#waiting.delete(operation);
    this.#context.goLive(operation, how);
  }

  #log(thrown: unknown): void {
    const { workspaceId } = this.#context;
    console.error({ message: "Catching up failed", workspaceId, error: messageOf(thrown) });
  }

  #runAgain(inMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.run(Date.now());
    }, inMs);
  }
}
