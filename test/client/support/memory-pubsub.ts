import { iterateEvents } from "../../../client/event-queue.ts";
import { matchesPattern } from "../../../src/core/pubsub/channel-pattern.ts";
import type { Engine, EngineOptions } from "../../support/pubsub-engine-contract.ts";

type Listener = {
  readonly name: string;
  readonly pattern: boolean;
  readonly hear: (text: string, channel: string) => void;
};

/** All engines of a process that were given the same bus hear each other, as over one Redis. */
export type Bus = Set<Listener>;

/** The engine without a network: the plain statement of what the others do. */
export class MemoryPubSub implements Engine {
  readonly #bus: Bus;
  readonly #options: EngineOptions;
  readonly #listeners = new Map<number, Listener>();
  #newestId = 0;

  constructor(bus: Bus, options: EngineOptions = {}) {
    this.#bus = bus;
    this.#options = options;
  }

  async publish(trigger: string, payload: unknown): Promise<void> {
    const text = this.#options.serializer?.(payload) ?? JSON.stringify(payload);
    for (const { name, pattern, hear } of this.#bus) {
      if (pattern ? matchesPattern(name, trigger) : name === trigger) hear(text, trigger);
    }
  }

  async subscribe(trigger: string, onMessage: (payload: unknown) => void, options: { pattern?: boolean } = {}) {
    return this.#join(trigger, onMessage, options);
  }

  unsubscribe(subId: number): void {
    const listener = this.#listeners.get(subId);
    if (listener === undefined) throw new Error(`There is no subscription of id "${subId}"`);
    this.#bus.delete(listener);
    this.#listeners.delete(subId);
  }

  asyncIterator<T>(triggers: string | string[], options: { pattern?: boolean } = {}): AsyncIterableIterator<T> {
    return iterateEvents<T>(({ next }) => {
      const ids = [triggers].flat().map((trigger) => this.#join(trigger, next, options));
      return () => {
        for (const id of ids) this.unsubscribe(id);
      };
    }, 1_000);
  }

  async close(): Promise<void> {
    for (const id of this.#listeners.keys()) this.unsubscribe(id);
  }

  #join(trigger: string, onMessage: (payload: unknown) => void, options: { pattern?: boolean }): number {
    const name = this.#options.triggerTransform?.(trigger, options) ?? trigger;
    const pattern = options.pattern === true;
    const hear = (text: string, channel: string) =>
      onMessage(this.#read(text, pattern ? { channel, pattern: name } : { channel }));
    const listener = { name, pattern, hear };
    const id = this.#newestId++;
    this.#listeners.set(id, listener);
    this.#bus.add(listener);
    return id;
  }

  #read(text: string, context: { channel: string; pattern?: string }): unknown {
    const { deserializer, reviver } = this.#options;
    try {
      return deserializer === undefined ? JSON.parse(text, reviver) : deserializer(text, context);
    } catch {
      return text;
    }
  }
}
