import { identityOf, type Principal } from "../src/core/principal.ts";
import type { StreamOwner } from "../src/core/streams/event-stream.ts";
import type { EventStreams } from "../src/core/streams/event-streams.ts";
import type { StreamRefusal } from "../src/core/streams/stream-refusal.ts";
import type { RunningOperation } from "./running-operation.ts";

/** Which operation holds each event stream: one at a time, the newest of its owner. */
export class StreamHolders {
  readonly #streams: EventStreams;
  readonly #holders = new Map<string, RunningOperation>();
  /** Makes sure that the object wakes to let go of a stream. */
  readonly #wakeBy: (at: number) => void;

  constructor(streams: EventStreams, wakeBy: (at: number) => void) {
    this.#streams = streams;
    this.#wakeBy = wakeBy;
  }

  /**
   * Whether an operation of this caller may hold a stream, which it does from then on.
   * @param keepsQueries whether the client goes on with the stream as it is
   * @param head of the log
   * @returns the offset up to which the stream knows nothing
   */
  attach(id: string, caller: Principal, keepsQueries: boolean, head: number, now: number): number | StreamRefusal {
    const stream = this.#streams.attach(id, ownerOf(caller), keepsQueries, head, now);
    return "code" in stream ? stream : stream.since;
  }

  /** Puts an operation in its stream. Returns the one that held it until then. */
  hold(operation: RunningOperation): RunningOperation | undefined {
    const { streamId } = operation;
    if (streamId === undefined) return undefined;
    const before = this.#holders.get(streamId);
    this.#holders.set(streamId, operation);
    return before;
  }

  /** An operation ended: unless another took its stream over, that goes when it is not asked for any more. */
  release(operation: RunningOperation, now: number): void {
    const { streamId } = operation;
    if (streamId === undefined || this.#holders.get(streamId) !== operation) return;
    this.#holders.delete(streamId);
    this.#streams.detach(streamId, now);
    this.#wakeBy(this.#streams.nextExpiry);
  }

  /** After a wake: streams whose socket went while the object slept. */
  releaseOthers(now: number): void {
    this.#streams.detachAllBut(new Set(this.#holders.keys()), now);
    this.expire(now);
  }

  /** Lets go of streams that nobody asks for any more. */
  expire(now: number): void {
    this.#streams.expire(now);
    if (this.#streams.nextExpiry < Number.POSITIVE_INFINITY) this.#wakeBy(this.#streams.nextExpiry);
  }
}

function ownerOf(caller: Principal): StreamOwner {
  const identity = identityOf(caller);
  const isUser = caller.kind === "user";
  const userWorkspaceId = "userWorkspaceId" in caller ? caller.userWorkspaceId : undefined;
  return { identity, isUser, ...(userWorkspaceId !== undefined && { userWorkspaceId }) };
}
