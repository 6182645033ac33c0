import type { GraphQLError } from "graphql";
import { codedError } from "../src/core/operation/coded-error.ts";
import type { SubscriptionPlan } from "../src/core/operation/plan-operation.ts";
import { identityOf, type Principal } from "../src/core/principal.ts";
import type { StreamOwner } from "../src/core/streams/event-stream.ts";
import type { EventStreams } from "../src/core/streams/event-streams.ts";
import { FROM_NOW_WITH_GAP, type ResumePoint } from "./resume-point.ts";
import type { RunningOperation } from "./running-operation.ts";
import type { WorkspaceLog } from "./workspace-log.ts";

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
   * Takes over the event stream that an operation of this caller is to hold, or makes it.
   * @returns where the operation begins then: a stream knows nothing of what came before it
   */
  take(
    plan: SubscriptionPlan,
    point: ResumePoint,
    caller: Principal,
    log: WorkspaceLog,
    now: number,
  ): ResumePoint | GraphQLError {
    const id = plan.field.streamOf?.(plan.args);
    if (id === undefined) return point;
    // A client that resumes goes on with its stream as it is.
    const stream = this.#streams.attach(id, ownerOf(caller), point.resume, log.open().head, now);
    if ("code" in stream) return codedError(stream.code, stream.message, stream.subCode);
    const cursor = point.resume?.cursor;
    return cursor !== undefined && cursor < stream.since ? FROM_NOW_WITH_GAP : point;
  }

  /** Puts an operation in its stream. Returns the one that held it until then. */
  hold(operation: RunningOperation): RunningOperation | undefined {
    const { streamId } = operation;
    if (streamId === undefined) return undefined;
    const before = this.#holders.get(streamId);
    this.#holders.set(streamId, operation);
    return before;
  }

  /** The operations whose streams are not as their clients know them. */
  *outgrown(): Iterable<RunningOperation> {
    for (const id of this.#streams.outgrown.keys()) {
      const holder = this.#holders.get(id);
      if (holder !== undefined) yield holder;
    }
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
