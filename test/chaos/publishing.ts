import type { KillableGateway } from "./killable-gateway.ts";
import type { Random } from "./random.ts";
import { sleep } from "./sleep.ts";
import type { Tally } from "./tally.ts";
import type { ChaosMessage, Traffic } from "./traffic.ts";

/** How often each is published, relative to the others. */
const WEIGHTS = { single: 5, batch: 3, several: 2, log: 1 } as const;
type MessageKind = keyof typeof WEIGHTS;

const PUBLISHERS_PER_WORKSPACE = 2;
const PAUSE_MS = 12;

/** Publishers that go on until they are stopped, and say everything again until it is answered. */
export class Publishing {
  readonly #gateway: KillableGateway;
  readonly #random: Random;
  readonly #tally: Tally;
  #running: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(gateway: KillableGateway, random: Random, tally: Tally) {
    this.#gateway = gateway;
    this.#random = random;
    this.#tally = tally;
  }

  start(traffics: readonly Traffic[]): void {
    const publishers = traffics.flatMap((traffic) =>
      Array.from({ length: PUBLISHERS_PER_WORKSPACE }, () => this.#goOn(traffic)),
    );
    this.#running = Promise.all(publishers);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Publishes with the same ids until everything has its answer. */
  async publish(traffic: Traffic, messages: readonly ChaosMessage[], isAgain = false): Promise<void> {
    let left = messages;
    while (left.length > 0) {
      await this.#gateway.open;
      const answer = await this.#gateway.client.publish(...left.map(({ body }) => body)).catch(() => undefined);
      const results = answer?.results;
      left = left.filter((message, i) => !traffic.answered(message, results?.[i], isAgain));
      if (left.length === 0) return;
      this.#tally.count("publishes tried again");
      await sleep(20);
    }
  }

  /** Publishes what was answered before. */
  async publishAgain(traffic: Traffic): Promise<void> {
    const message = traffic.oldMessage();
    if (message !== undefined) await this.publish(traffic, [message], true);
  }

  /** Publishes one message by two calls at once. */
  async publishTwice(traffic: Traffic): Promise<void> {
    const message = traffic.newMessage(this.#random.between(1, 3));
    await Promise.all([this.publish(traffic, [message]), this.publish(traffic, [message])]);
  }

  async #goOn(traffic: Traffic): Promise<void> {
    const random = this.#random;
    while (!this.#isStopped) {
      const kind = random.weighted(WEIGHTS);
      const messages = this.#newMessages(kind, traffic);
      // One of them may be told twice in the same call.
      const [first] = messages;
      await this.publish(traffic, first !== undefined && random.chance(0.1) ? [...messages, first] : messages);
      await sleep(random.below(2 * PAUSE_MS));
    }
  }

  #newMessages(kind: MessageKind, traffic: Traffic): ChaosMessage[] {
    const random = this.#random;
    switch (kind) {
      case "single":
        return [traffic.newMessage(1)];
      case "batch":
        return [traffic.newMessage(random.between(2, 8))];
      case "several":
        return Array.from({ length: random.between(2, 6) }, () => traffic.newMessage(random.between(1, 3)));
      case "log":
        return [traffic.newLog(), traffic.newMessage(1)];
    }
  }
}
