import { formatTrigger, parseTrigger, type Trigger } from "../src/core/pubsub/trigger.ts";
import { authorizedSocket } from "./authorized-socket.ts";
import { ChannelFeed, type FeedListener } from "./channel-feed.ts";
import { ChannelSockets, type ChannelSocketsOptions } from "./channel-sockets.ts";
import { iterateEvents } from "./event-queue.ts";
import { PayloadCodec } from "./payload-codec.ts";
import { PublishFailedError } from "./publish-failed-error.ts";
import type { ChannelPayload } from "./publish-message.ts";
import { createPublisher, type Publisher } from "./publisher.ts";
import type { PublishOptions, SluicePubSubOptions, SubscribeOptions } from "./pubsub-options.ts";

interface Subscription {
  readonly key: string;
  readonly feed: ChannelFeed;
}

/**
 * A `PubSubEngine` over a gateway, in the place of `RedisPubSub` of graphql-redis-subscriptions. What a lost connection
 * missed comes afterwards, where Redis would have lost it.
 */
export class SluicePubSub {
  readonly #options: SluicePubSubOptions;
  readonly #codec: PayloadCodec;
  readonly #publisher: Publisher | undefined;
  readonly #sockets = new Map<string, ChannelSockets>();
  readonly #feeds = new Map<string, ChannelFeed>();
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #onConnection: (error?: Error) => void;
  #socketOptions: ChannelSocketsOptions | undefined;
  #newestId = 0;
  #isClosed = false;

  /** @throws TypeError for options that do not go together */
  constructor(options: SluicePubSubOptions) {
    this.#options = options;
    this.#codec = new PayloadCodec(options);
    this.#onConnection = options.connectionListener ?? logError;
    const { publisherSecret: secret, binding } = options;
    if (secret !== undefined || binding !== undefined) {
      this.#publisher = createPublisher({ ...options, ...(secret !== undefined && { secret }) });
    }
  }

  /**
   * Resolves when the payload is durable.
   * @throws PublishFailedError when the gateway did not take it; TypeError for a trigger without a workspace
   */
  async publish<T>(trigger: string, payload: T, options: PublishOptions = {}): Promise<void> {
    if (this.#publisher === undefined) throw new TypeError("To publish, binding or publisherSecret is needed.");
    const message: ChannelPayload = {
      ...this.#parse(trigger, options),
      payload: this.#codec.encode(payload),
      ...options,
    };
    const [result] = await this.#publisher.publish(message);
    if (result?.error !== undefined) throw new PublishFailedError(result.error);
  }

  /**
   * Resolves, with the id for `unsubscribe`, when everything that is published from then on will be received.
   * @throws Error when the gateway refuses; TypeError for a trigger without a workspace
   */
  async subscribe<T>(
    trigger: string,
    onMessage: (payload: T) => void,
    options: SubscribeOptions = {},
  ): Promise<number> {
    const listener = { next: (payload: unknown) => onMessage(payload as T), failed: () => undefined };
    const id = this.#join(trigger, listener, options);
    try {
      await this.#subscriptions.get(id)?.feed.live;
    } catch (thrown) {
      this.#leave(id);
      throw thrown;
    }
    return id;
  }

  /** @throws Error when there is no subscription of this id */
  unsubscribe(subId: number): void {
    if (!this.#leave(subId)) throw new Error(`There is no subscription of id "${subId}"`);
  }

  /** Subscribes with the first `next()`. It fails when its subscription does, and when it is read too slowly. */
  asyncIterator<T>(triggers: string | readonly string[], options: SubscribeOptions = {}): AsyncIterableIterator<T> {
    const { maxQueuedEvents = DEFAULT_MAX_QUEUED_EVENTS } = this.#options;
    return iterateEvents<T>((listener) => {
      const ids: number[] = [];
      const leave = () => {
        for (const id of ids) this.#leave(id);
      };
      try {
        for (const trigger of [triggers].flat()) ids.push(this.#join(trigger, listener, options));
      } catch (thrown) {
        leave();
        throw thrown;
      }
      return leave;
    }, maxQueuedEvents);
  }

  asyncIterableIterator<T>(triggers: string | readonly string[], options?: SubscribeOptions): AsyncIterableIterator<T>;
  // Never chosen: it makes this class a PubSubEngine of graphql-subscriptions, whose iterator is a class with private members.
  asyncIterableIterator(triggers: string | readonly string[]): never;
  asyncIterableIterator<T>(triggers: string | readonly string[], options?: SubscribeOptions): AsyncIterableIterator<T> {
    return this.asyncIterator<T>(triggers, options);
  }

  /** Ends every subscription and iterator, and resolves when all that was published has its result. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const feeds = [...this.#feeds.values()];
    const sockets = [...this.#sockets.values()];
    for (const map of [this.#feeds, this.#sockets, this.#subscriptions]) map.clear();
    for (const feed of feeds) feed.close(new Error("The engine was closed."));
    await Promise.all([this.#publisher?.close(), ...sockets.map((each) => each.close())]);
  }

  #join(trigger: string, listener: FeedListener, options: SubscribeOptions): number {
    if (this.#isClosed) throw new Error("The engine is closed.");
    const { triggerTransform } = this.#options;
    const name = triggerTransform === undefined ? trigger : triggerTransform(trigger, options);
    const pattern = options.pattern === true;
    const parsed = this.#parse(name, options);
    const key = JSON.stringify([pattern, parsed.workspaceId, parsed.channel]);
    const feed = this.#feeds.get(key) ?? this.#open(key, name, parsed, pattern);
    const id = this.#newestId++;
    feed.join(id, listener);
    this.#subscriptions.set(id, { key, feed });
    return id;
  }

  /** @returns whether there was such a subscription */
  #leave(id: number): boolean {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return false;
    const { key, feed } = subscription;
    this.#subscriptions.delete(id);
    if (!feed.leave(id) && this.#feeds.get(key) === feed) this.#feeds.delete(key);
    return true;
  }

  #open(key: string, name: string, trigger: Trigger, pattern: boolean): ChannelFeed {
    const { channel, workspaceId } = trigger;
    const feed = new ChannelFeed(
      (listener) => this.#socketsOf(workspaceId).subscribe(channel, pattern, listener),
      (message) => {
        if (!pattern) return this.#codec.decode(message.payload, { channel: name });
        const told = formatTrigger({ workspaceId, channel: message.channel });
        return this.#codec.decode(message.payload, { channel: told, pattern: name });
      },
      () => this.#options.onGap?.(trigger),
      (error) => {
        if (this.#feeds.get(key) === feed) this.#feeds.delete(key);
        this.#onConnection(error);
      },
    );
    this.#feeds.set(key, feed);
    return feed;
  }

  #socketsOf(workspaceId: string): ChannelSockets {
    let sockets = this.#sockets.get(workspaceId);
    if (sockets === undefined) {
      this.#socketOptions ??= socketOptions(this.#options, this.#onConnection);
      sockets = new ChannelSockets(workspaceId, this.#socketOptions);
      this.#sockets.set(workspaceId, sockets);
    }
    return sockets;
  }

  #parse(trigger: string, options: unknown): Trigger {
    const { workspaceId } = this.#options;
    return parseTrigger(trigger, typeof workspaceId === "function" ? workspaceId(trigger, options) : workspaceId);
  }
}

const DEFAULT_MAX_QUEUED_EVENTS = 10_000;

function logError(error?: Error): void {
  if (error !== undefined) console.error(error.message);
}

function socketOptions(
  { url, channelSecret, webSocketImpl, fetch }: SluicePubSubOptions,
  onConnection: (error?: Error) => void,
): ChannelSocketsOptions {
  if (url === undefined || channelSecret === undefined) {
    throw new TypeError("To subscribe, url and channelSecret are needed.");
  }
  return {
    url: `${url.replace(/^http/, "ws").replace(/\/+$/, "")}/channels`,
    webSocketImpl: authorizedSocket({ secret: channelSecret, webSocketImpl, fetch }),
    onConnection,
  };
}
