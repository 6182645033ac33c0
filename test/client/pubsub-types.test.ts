import { expect, expectTypeOf, test } from "vitest";
import { SluicePubSub } from "../../client/pubsub.ts";

/** The shape of graphql-subscriptions' classes, private members included, which make a type that no other class has. */
declare class Iterator_<T> implements AsyncIterableIterator<T> {
  private readonly pullQueue: unknown;
  next(): Promise<IteratorResult<T>>;
  [Symbol.asyncIterator](): this;
}
declare abstract class Engine {
  abstract publish(triggerName: string, payload: unknown): Promise<void>;
  // biome-ignore lint/complexity/noBannedTypes: as it is there
  abstract subscribe(triggerName: string, onMessage: Function, options: object): Promise<number>;
  abstract unsubscribe(subId: number): unknown;
  asyncIterableIterator<T>(triggers: string | readonly string[]): Iterator_<T>;
}

test("is a PubSubEngine to the compiler, and its iterators are typed", () => {
  const pubsub = new SluicePubSub({ url: "https://gateway.example.com", channelSecret: "secret" });
  expectTypeOf(pubsub).toExtend<Engine>();
  const iterator = pubsub.asyncIterableIterator<number>("a");
  expectTypeOf(iterator).toEqualTypeOf<AsyncIterableIterator<number>>();
  expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
});
