import type { Trigger } from "../src/core/pubsub/trigger.ts";
import type { PayloadCodecOptions } from "./payload-codec.ts";
import type { PublisherOptions } from "./publisher.ts";

export interface SluicePubSubOptions extends PayloadCodecOptions, Omit<PublisherOptions, "secret"> {
  /** One of the gateway's `PUBLISHER_SECRETS`. Needed to publish over HTTP, not with a binding. */
  publisherSecret?: string;
  /** One of the gateway's `CHANNEL_SECRETS`. Needed to subscribe, together with `url`. */
  channelSecret?: string;
  /**
   * The workspace of triggers: one for all, or told for each. Without one, a trigger names its own: `CHANNEL:<workspaceId>[:rest]`.
   * @default undefined
   */
  workspaceId?: string | ((trigger: string, options: unknown) => string | undefined);
  /** What a trigger becomes that is subscribed to; what is published on is taken as it is, as by RedisPubSub. */
  triggerTransform?: (trigger: string, options: unknown) => string;
  /**
   * Called without an argument when a socket was opened, with an error when one was lost or a subscription failed.
   * @default the messages of errors are written to the console
   */
  connectionListener?: (error?: Error) => void;
  /**
   * Called when payloads were lost for good, because the gateway could not be reached for longer than its log reaches back.
   * @default nothing is done
   */
  onGap?: (trigger: Trigger) => void;
  /**
   * How many events an iterator may be behind before it ends with an `EventQueueOverflowError`.
   * @default 10000
   */
  maxQueuedEvents?: number;
  /**
   * A WebSocket class like that of the package `ws`, whose third argument has the headers.
   * @default `fetch` on Workers, elsewhere the global WebSocket, which must take headers among its options (Node 22, Bun)
   */
  webSocketImpl?: unknown;
}

export interface PublishOptions {
  /** The user workspaces that alone may receive it. `AGENT_CHAT_CHANNEL` needs them. */
  recipientUserWorkspaceIds?: readonly string[];
  /** The idempotency key. @default a random one */
  id?: string;
}

export interface SubscribeOptions {
  /** The trigger is a pattern: `*`, `?`, `[…]`, within one workspace. */
  pattern?: boolean;
}
