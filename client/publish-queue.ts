import type { PublishError, PublishResult } from "./publish-message.ts";

/** A message that waits to be taken. */
export interface QueuedMessage {
  readonly id: string;
  readonly workspaceId: string;
  /** The message as JSON, its id included. */
  readonly text: string;
  readonly bytes: number;
  readonly settle: (result: PublishResult) => void;
  /** When it was first sent; ids are remembered for some time only. */
  firstTriedAt?: number;
  /** Why it is to be sent again. */
  failure?: PublishError;
}

/** What waits of one workspace. Never in two calls at once, so that it keeps its order. */
interface Lane {
  readonly workspaceId: string;
  waiting: QueuedMessage[];
  isSending: boolean;
  /** Calls in a row after which something of it had to be sent again. */
  failures: number;
  /** Not to be sent before, epoch ms. */
  notBefore: number;
}

export interface BatchLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;

/** The messages that wait, by workspace: one that cannot be reached holds up none of the others. */
export class PublishQueue {
  readonly #lanes = new Map<string, Lane>();
  readonly #random: () => number;
  #count = 0;
  #bytes = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Messages that have no result yet, those that are being sent included. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(message: QueuedMessage): void {
    const { workspaceId } = message;
    const lane = this.#lanes.get(workspaceId) ?? {
      ...{ workspaceId, waiting: [], isSending: false },
      ...{ failures: 0, notBefore: 0 },
    };
    this.#lanes.set(workspaceId, lane);
    lane.waiting.push(message);
    this.#count++;
    this.#bytes += message.bytes;
  }

  /** Gives up what is to be sent again, but was first sent before a time: ids are forgotten while a process stands still. */
  giveUpLate(before: number): void {
    for (const lane of this.#lanes.values()) {
      // What has failed goes before what has not been sent.
      for (let first = lane.waiting[0]; !lane.isSending && first?.failure !== undefined; first = lane.waiting[0]) {
        if ((first.firstTriedAt ?? before) >= before) break;
        lane.waiting.shift();
        this.settle(first, refusedResult(first, first.failure));
      }
      if (!lane.isSending && lane.waiting.length === 0) this.#lanes.delete(lane.workspaceId);
    }
  }

  /** The messages of the next call, out of as many workspaces as have some; empty when none may be sent now. */
  take(now: number, { maxMessages, maxBytes }: BatchLimits): QueuedMessage[] {
    const batch: QueuedMessage[] = [];
    let bytes = 0;
    const served: Lane[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane.isSending || lane.notBefore > now) continue;
      let taken = 0;
      for (const message of lane.waiting) {
        const fits = batch.length < maxMessages && bytes + message.bytes + 1 <= maxBytes;
        if (batch.length > 0 && !fits) break;
        batch.push(message);
        bytes += message.bytes + 1;
        taken++;
      }
      if (taken === 0) break;
      lane.waiting = lane.waiting.slice(taken);
      lane.isSending = true;
      served.push(lane);
    }
    // Behind the others, whose turn is next.
    for (const lane of served) {
      this.#lanes.delete(lane.workspaceId);
      this.#lanes.set(lane.workspaceId, lane);
    }
    for (const message of batch) message.firstTriedAt ??= now;
    return batch;
  }

  /** When the next call may be made, epoch ms; undefined when nothing waits for a time. */
  get nextAt(): number | undefined {
    let next: number | undefined;
    for (const { isSending, notBefore } of this.#lanes.values()) {
      if (!isSending) next = Math.min(next ?? notBefore, notBefore);
    }
    return next;
  }

  /** A message has its result. */
  settle(message: QueuedMessage, result: PublishResult): void {
    this.#count--;
    this.#bytes -= message.bytes;
    message.settle(result);
  }

  /**
   * A call has ended.
   * @param again its messages that have no result, in order: they go before what waits of their workspaces
   * @param waitMs how long the gateway wants to be left alone; undefined when what is sent again need not wait at all
   */
  end(batch: readonly QueuedMessage[], again: readonly QueuedMessage[], now: number, waitMs: number | undefined): void {
    for (const workspaceId of new Set(batch.map((message) => message.workspaceId))) {
      const lane = this.#lanes.get(workspaceId);
      if (lane === undefined) continue;
      const own = again.filter((message) => message.workspaceId === workspaceId);
      lane.isSending = false;
      lane.waiting = [...own, ...lane.waiting];
      const hasFailed = own.length > 0 && waitMs !== undefined;
      lane.failures = hasFailed ? lane.failures + 1 : 0;
      lane.notBefore = hasFailed ? now + Math.max(waitMs, this.#delay(lane.failures)) : 0;
      if (lane.waiting.length === 0) this.#lanes.delete(workspaceId);
    }
  }

  /** Grows to twice each time, and half of it is chance: those that failed together do not come back together. */
  #delay(failures: number): number {
    const bound = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
    return bound * (0.5 + this.#random() / 2);
  }
}

export function refusedResult({ id, workspaceId }: QueuedMessage, error: PublishError): PublishResult {
  return { id, workspaceId, error };
}
