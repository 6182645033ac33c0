/** An engine in the place of graphql-redis-subscriptions' `RedisPubSub`. */
export type { Trigger } from "../src/core/pubsub/trigger.ts";
export { EventQueueOverflowError } from "./event-queue.ts";
export type { DeserializerContext } from "./payload-codec.ts";
export { PublishFailedError } from "./publish-failed-error.ts";
export { SluicePubSub } from "./pubsub-engine.ts";
export type { PublishOptions, SluicePubSubOptions, SubscribeOptions } from "./pubsub-options.ts";
