import { messageOf } from "../src/core/errors.ts";
import type { Limits } from "../src/core/limits.ts";
import type { SubscriptionField } from "../src/core/operation/subscription-field.ts";
import type { LoggedMessage, Payload, SubscriptionGroups } from "../src/core/operation/subscription-groups.ts";
import { CLOSE, type CloseEvent, closeWith } from "../src/core/protocol/close-events.ts";
import type { Message } from "../src/core/pubsub/message.ts";
import type { LogRow } from "../src/core/pubsub/replay-log.ts";
import type { EventStreams } from "../src/core/streams/event-streams.ts";
import { takeToken } from "../src/core/token-bucket.ts";
import type { Connection } from "./connection.ts";
import { closeQuietly } from "./connections.ts";
import type { RunningOperation } from "./running-operation.ts";
import type { SlowReaders } from "./slow-readers.ts";

/** What delivery needs of its surroundings. */
export interface DeliveryContext {
  readonly workspaceId: string;
  /** Every field that somebody may be subscribed to. */
  readonly fields: readonly SubscriptionField[];
  readonly groups: SubscriptionGroups<RunningOperation>;
  readonly streams: EventStreams;
  readonly slowReaders: SlowReaders;
  readonly limits: Limits;
  readonly positionAt: (offset: number) => string;
  readonly close: (connection: Connection, event: CloseEvent) => void;
}

/** Sends events to operations: live, in the turn that wrote them, or replayed, a page at a time. */
export class Delivery {
  readonly #context: DeliveryContext;
  /** What each caller's sockets were sent in this turn: of those that were sent much, which nearly all turns have none of. */
  readonly #turnBytesOf = new Map<string, number>();

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** Sends messages that have just been written to all who are live. */
  deliver(rows: readonly LogRow[], now: number): void {
    const { workspaceId, fields, groups, streams, positionAt } = this.#context;
    const heard = fields.filter((field) => groups.hears(field));
    if (heard.length === 0) return;
    this.#turnBytesOf.clear();
    const touched: Connection[] = [];
    for (const row of rows) {
      try {
        const logged = readRow(row);
        const listening = heard.filter(({ listensTo }) => listensTo.includes(logged.message.kind));
        groups.deliver(logged, listening, { streams }, positionAt, (operation, payload) =>
          this.#tryLive(operation, payload, row, touched, now),
        );
      } catch (thrown) {
        // The row is written: whoever published it must not be told otherwise.
        logUndeliverable(workspaceId, row.offset, thrown);
      }
    }
    for (const connection of touched) connection.flush();
  }

  /** Sends an operation what it missed; its socket is closed when it has been replayed too much of late. */
  replay(operation: RunningOperation, payload: Payload, now: number): void {
    if (!isFor(operation, payload)) return;
    const { connection } = operation;
    const { MAX_REPLAY_BYTES_PER_MINUTE: perMinute } = this.#context.limits;
    const replayed = takeToken(connection.replayed, perMinute / 60, perMinute, now, Math.min(payload.bytes, perMinute));
    if (replayed === undefined) {
      const reason = `More than ${perMinute} bytes of replay a minute (MAX_REPLAY_BYTES_PER_MINUTE)`;
      return this.#context.close(connection, closeWith(CLOSE.OVERLOADED, reason));
    }
    connection.replayed = replayed;
    this.#give(operation, payload, now);
  }

  /** What goes wrong with one socket ends that socket, which resumes: the others must not miss an event because of it. */
  #tryLive(operation: RunningOperation, payload: Payload, row: LogRow, touched: Connection[], now: number): void {
    if (!isFor(operation, payload)) return;
    const { connection } = operation;
    try {
      if (connection.turnBytes === 0) {
        // Nothing of this row was sent to it, whatever event and field of the row this is.
        const before = row.offset - row.events;
        const { slowReaders } = this.#context;
        if (slowReaders.isTooSlow(connection, now)) return slowReaders.fallBehind(connection, before, now, "here");
        touched.push(connection);
      }
      if (this.#isTooMuchFor(connection)) {
        const reason = "More at once than a caller may be sent (MAX_UNREAD_BYTES_PER_ISOLATE)";
        return this.#context.close(connection, closeWith(CLOSE.OVERLOADED, reason));
      }
      this.#give(operation, payload, now);
      if (connection.turnBytes > SMALL_TURN_BYTES) this.#count(connection, payload);
    } catch (thrown) {
      const { workspaceId } = this.#context;
      const { offset } = row;
      console.error({ message: "A socket could not be served", workspaceId, offset, error: messageOf(thrown) });
      this.#tryClose(connection);
    }
  }

  /** Nothing drains within a turn: a caller with many sockets could have the object hold more than its memory. */
  #isTooMuchFor(connection: Connection): boolean {
    if (this.#turnBytesOf.size === 0) return false;
    const bytes = this.#turnBytesOf.get(connection.identity) ?? 0;
    return bytes > this.#context.limits.MAX_UNREAD_BYTES_PER_ISOLATE;
  }

  /** The servers of a workspace are one caller that acts for all its users: they are bounded socket by socket. */
  #count({ identity, state }: Connection, { bytes }: Payload): void {
    if (state.principal.kind === "server") return;
    this.#turnBytesOf.set(identity, (this.#turnBytesOf.get(identity) ?? 0) + bytes);
  }

  /** Where its state cannot be cleared away, the socket itself is closed all the same; the others still get the event. */
  #tryClose(connection: Connection): void {
    try {
      this.#context.close(connection, CLOSE.RESTART);
    } catch (thrown) {
      connection.closed = true;
      closeQuietly(connection.socket, CLOSE.RESTART);
      const { workspaceId } = this.#context;
      console.error({ message: "A socket could not be closed", workspaceId, error: messageOf(thrown) });
    }
  }

  /** Sends data: to nobody whose token has expired, whether or not the alarm has been there yet. */
  #give(operation: RunningOperation, payload: Payload, now: number): void {
    const { connection } = operation;
    if (connection.closed) return;
    if (now >= connection.tokenExpiresAt) return this.#context.close(connection, CLOSE.TOKEN_EXPIRED);
    const { MAX_BATCH_FRAME_BYTES, MAX_UNREAD_BYTES_PER_ISOLATE } = this.#context.limits;
    if (connection.turnBytes > MAX_UNREAD_BYTES_PER_ISOLATE) {
      const reason = "More at once than a socket may be sent (MAX_UNREAD_BYTES_PER_ISOLATE)";
      return this.#context.close(connection, closeWith(CLOSE.OVERLOADED, reason));
    }
    operation.told = payload.offset;
    connection.queue(operation.head, payload, MAX_BATCH_FRAME_BYTES);
  }
}

/** Up to so many, what a socket is sent in a turn is not counted for its caller, which would cost something for every message. */
const SMALL_TURN_BYTES = 64 * 1024;

/** What is for some users only is not for the others of a group, nor for those who share a page of the log. */
function isFor({ connection }: RunningOperation, { recipients }: Payload): boolean {
  if (recipients === undefined) return true;
  const { principal } = connection.state;
  return principal.kind === "user" && recipients.has(principal.userWorkspaceId);
}

/** Of one group, or of a message as a whole. */
export function logUndeliverable(workspaceId: string, offset: number, thrown: unknown): void {
  console.error({ message: "An event cannot be delivered", workspaceId, offset, error: messageOf(thrown) });
}

/** Parses a row of the log, which holds what the gateway wrote. */
export function readRow(row: LogRow): LoggedMessage {
  return { row, message: JSON.parse(row.body) as Message };
}
