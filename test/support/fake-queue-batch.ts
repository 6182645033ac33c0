import type { QueueBatch, QueueMessage } from "../../src/queue/consume.ts";

/** A batch that remembers how each of its messages was settled: the local queue tells neither delays nor late throws. */
export class FakeQueueBatch implements QueueBatch {
  readonly messages: readonly FakeQueueMessage[];

  constructor(bodies: readonly unknown[], attempts = 1) {
    this.messages = bodies.map((body, i) => new FakeQueueMessage(`queue-${i}`, body, attempts));
  }

  /** One of `"ack"`, `"retry <delay>"` and `"nothing"` for each message. */
  get settled(): readonly string[] {
    return this.messages.map(({ settled }) => settled.join(", ") || "nothing");
  }
}

class FakeQueueMessage implements QueueMessage {
  readonly settled: string[] = [];
  readonly id: string;
  readonly body: unknown;
  readonly attempts: number;

  constructor(id: string, body: unknown, attempts: number) {
    this.id = id;
    this.body = body;
    this.attempts = attempts;
  }

  ack(): void {
    this.settled.push("ack");
  }

  retry(options?: { delaySeconds?: number }): void {
    this.settled.push(`retry ${options?.delaySeconds}`);
  }
}
