import type { PublishMessage, PublishResult } from "./publish-message.ts";
import { type BatchLimits, PublishQueue, type QueuedMessage, refusedResult } from "./publish-queue.ts";
import type { PublishOutcome, PublishTransport } from "./publish-transport.ts";
import type { Publisher, PublisherOptions } from "./publisher.ts";

/** More waits than may, and `whenFull` is `"throw"`. Nothing of the call was taken. */
export class PublisherFullError extends Error {
  override readonly name = "PublisherFullError";
}

/** What one call takes by default at the gateway (MAX_PUBLISH_MESSAGES, MAX_PUBLISH_BYTES), without the envelope. */
const BATCH: BatchLimits = { maxMessages: 100, maxBytes: 1024 * 1024 - '{"messages":[]}'.length };
/** Each workspace is in one of them at most. */
const MAX_CALLS_AT_ONCE = 4;

export type QueueOptions = Required<
  Pick<PublisherOptions, "maxQueuedMessages" | "maxQueuedBytes" | "whenFull" | "retryFor">
>;

/** Holds messages until each has its result, and sends again what may be taken later. */
export class QueueingPublisher implements Publisher {
  readonly #send: PublishTransport;
  readonly #options: QueueOptions;
  readonly #queue = new PublishQueue(Math.random);
  readonly #unsettled = new Set<Promise<unknown>>();
  /** Those that found no room, first come first served. */
  #waiting: QueuedMessage[] = [];
  #calls = 0;
  /** Shrinks where the gateway takes less in a call than it does by default. */
  #batch: BatchLimits = BATCH;
  #isPlanned = false;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: PublishTransport, options: QueueOptions) {
    this.#send = send;
    this.#options = options;
  }

  async publish(messages: PublishMessage | readonly PublishMessage[]): Promise<PublishResult[]> {
    if (this.#isClosed) throw new Error("The publisher is closed.");
    const list: readonly PublishMessage[] = Array.isArray(messages) ? messages : [messages as PublishMessage];
    const drafts = list.map(draftOf);
    const bytes = drafts.reduce((sum, draft) => sum + draft.bytes, 0);
    if (this.#options.whenFull === "throw" && !this.#hasRoom(drafts.length, bytes)) {
      throw new PublisherFullError("More messages wait to be published than may (maxQueuedMessages, maxQueuedBytes).");
    }
    const results = Promise.all(
      drafts.map((draft) => new Promise<PublishResult>((settle) => this.#waiting.push({ ...draft, settle }))),
    );
    this.#unsettled.add(results);
    this.#admit();
    this.#plan();
    try {
      return await results;
    } finally {
      this.#unsettled.delete(results);
    }
  }

  async flush(): Promise<void> {
    await Promise.all(this.#unsettled);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.flush();
  }

  /** In a moment, so that what is published together is sent together. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#run();
    });
  }

  #run(): void {
    clearTimeout(this.#timer);
    this.#queue.giveUpLate(Date.now() - this.#options.retryFor);
    this.#admit();
    while (this.#calls < MAX_CALLS_AT_ONCE) {
      const batch = this.#queue.take(Date.now(), this.#batch);
      if (batch.length === 0) break;
      this.#calls++;
      void this.#call(batch);
    }
    const { nextAt } = this.#queue;
    if (nextAt === undefined || this.#calls >= MAX_CALLS_AT_ONCE) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, nextAt - Date.now()));
  }

  /** Lets those in that have waited longest, as far as there is room. */
  #admit(): void {
    let admitted = 0;
    for (const message of this.#waiting) {
      // One that is larger than the whole queue may be goes alone.
      if (this.#queue.count > 0 && !this.#hasRoom(1, message.bytes)) break;
      admitted++;
      this.#queue.add(message);
    }
    this.#waiting = this.#waiting.slice(admitted);
  }

  #hasRoom(count: number, bytes: number): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.#options;
    return this.#queue.count + count <= maxQueuedMessages && this.#queue.bytes + bytes <= maxQueuedBytes;
  }

  async #call(batch: QueuedMessage[]): Promise<void> {
    const outcome = await this.#send(batch.map(({ text }) => text));
    const now = Date.now();
    if (outcome.type === "too-large" && batch.length > 1) {
      this.#shrink(batch);
      this.#queue.end(batch, batch, now, undefined);
    } else {
      const again = batch.filter((message, i) => !this.#settle(message, i, outcome, now));
      this.#queue.end(batch, again, now, "waitMs" in outcome ? outcome.waitMs : 0);
    }
    this.#calls--;
    this.#run();
  }

  /** A call that was full by its number of messages had too many of them, any other too many bytes. */
  #shrink(batch: readonly QueuedMessage[]): void {
    const { maxMessages, maxBytes } = this.#batch;
    const half = { messages: Math.ceil(batch.length / 2), bytes: batch.reduce((sum, { bytes }) => sum + bytes, 0) / 2 };
    // Several calls may come back at once, so not from what it is now.
    if (batch.length >= maxMessages) this.#batch = { maxBytes, maxMessages: Math.min(maxMessages, half.messages) };
    else this.#batch = { maxMessages, maxBytes: Math.min(maxBytes, half.bytes) };
  }

  /** @returns whether the message has its result; otherwise it is sent again */
  #settle(message: QueuedMessage, i: number, outcome: PublishOutcome, now: number): boolean {
    const answer = outcome.type === "answers" ? outcome.answers[i] : outcome;
    if (answer === undefined) return false;
    if (answer.error === undefined) {
      const { position, events, duplicate } = answer;
      const { id, workspaceId } = message;
      this.#queue.settle(message, { id, workspaceId, position, events, duplicate });
      return true;
    }
    const isTimeLeft = now - (message.firstTriedAt ?? now) < this.#options.retryFor;
    message.failure = answer.error;
    if (answer.error.retryable && isTimeLeft) return false;
    this.#queue.settle(message, refusedResult(message, answer.error));
    return true;
  }
}

type Draft = Omit<QueuedMessage, "settle">;

/** Fixed as it is now, whatever happens to the object while it waits. */
function draftOf(message: PublishMessage): Draft {
  if (typeof message !== "object" || message === null || typeof message.workspaceId !== "string") {
    throw new TypeError("A message is an object with a workspaceId.");
  }
  const { workspaceId } = message;
  const id = message.id ?? crypto.randomUUID();
  const text = JSON.stringify({ ...message, id });
  return { id, workspaceId, text, bytes: new TextEncoder().encode(text).length };
}
