import type { PubSubEngine } from "graphql-subscriptions";
import { expect, expectTypeOf, test } from "vitest";
import { SluicePubSub } from "../../client/pubsub.ts";

test("is a PubSubEngine to the compiler, and its iterators are typed", () => {
  const pubsub = new SluicePubSub({ url: "https://gateway.example.com", channelSecret: "secret" });
  expectTypeOf(pubsub).toExtend<PubSubEngine>();
  const iterator = pubsub.asyncIterableIterator<number>("a");
  expectTypeOf(iterator).toEqualTypeOf<AsyncIterableIterator<number>>();
  expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
});
