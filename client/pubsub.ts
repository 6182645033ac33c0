/** An engine in the place of graphql-redis-subscriptions' `RedisPubSub`. */
export type { Trigger } from "../src/core/pubsub/trigger.ts";
export { EventQueueOverflowError } from "./event-queue.ts";
export type { DeserializerContext } from "./payload-codec.ts";
export {
  PublishFailedError,
  type PublishOptions,
  SluicePubSub,
  type SluicePubSubOptions,
  type SubscribeOptions,
} from "./pubsub-engine.ts";
