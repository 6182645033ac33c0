import type { PublishMessage, PublishResult } from "./publish-message.ts";
import { bindingTransport, httpTransport, type PublisherBinding, type PublishTransport } from "./publish-transport.ts";
import { QueueingPublisher } from "./queueing-publisher.ts";

export type {
  ChannelPayload,
  MetadataBatch,
  PublishError,
  PublishedResult,
  PublishMessage,
  PublishResult,
  QueueJobEvent,
  RecordBatch,
  RefusedResult,
} from "./publish-message.ts";
export type { PublisherBinding } from "./publish-transport.ts";
export { PublisherFullError } from "./queueing-publisher.ts";

export interface PublisherOptions {
  /** The gateway, such as `https://gateway.example.com`. Needed without a binding. */
  url?: string;
  /** One of the gateway's `PUBLISHER_SECRETS`. Needed with `url`. */
  secret?: string;
  /** A service binding to the gateway's entrypoint `Publisher`: used in place of HTTP. */
  binding?: PublisherBinding;
  /**
   * How many messages may be without a result.
   * @default 10000
   */
  maxQueuedMessages?: number;
  /**
   * Their size together, in bytes of JSON.
   * @default 33554432 (32 MiB)
   */
  maxQueuedBytes?: number;
  /**
   * What `publish` does past either: it waits for room, which holds back whoever awaits it, or rejects with a
   * `PublisherFullError`.
   * @default "wait"
   */
  whenFull?: "wait" | "throw";
  /**
   * How long a message is tried again, in ms from its first try. The gateway knows an id again for ten minutes, so this
   * should stay below.
   * @default 300000 (5 minutes)
   */
  retryFor?: number;
  /**
   * How long one call may take, in ms.
   * @default 30000
   */
  requestTimeout?: number;
  /** @default the global one */
  fetch?: typeof fetch;
}

/** Sends messages to a gateway. */
export interface Publisher {
  /**
   * Publishes one message or several. Resolves with a result for each, in order, once all have one: a result without `error`
   * says that the message is durable.
   * @throws TypeError for what is no message or no JSON; PublisherFullError; Error after `close`
   */
  publish(messages: PublishMessage | readonly PublishMessage[]): Promise<PublishResult[]>;
  /** Resolves when everything that was published before has its result. */
  flush(): Promise<void>;
  /** Takes nothing more, and resolves as `flush` does. */
  close(): Promise<void>;
}

/**
 * A publisher over HTTP or a service binding. Messages get their ids before they are first sent and keep them when they are
 * sent again, so that none is taken twice; those of one workspace are sent in the order in which they were published.
 * @throws TypeError when neither a binding nor `url` and `secret` are given
 */
export function createPublisher(options: PublisherOptions): Publisher {
  const {
    maxQueuedMessages = 10_000,
    maxQueuedBytes = 32 * 1024 * 1024,
    whenFull = "wait",
    retryFor = 300_000,
  } = options;
  return new QueueingPublisher(transportFrom(options), { maxQueuedMessages, maxQueuedBytes, whenFull, retryFor });
}

function transportFrom(options: PublisherOptions): PublishTransport {
  const { url, secret, binding, requestTimeout = 30_000 } = options;
  if (binding !== undefined) return bindingTransport(binding, requestTimeout);
  if (url === undefined || secret === undefined) {
    throw new TypeError("A publisher needs a binding, or url and secret.");
  }
  const fetchIt = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
  return httpTransport({ url: endpointOf(url), secret, fetch: fetchIt, timeoutMs: requestTimeout });
}

function endpointOf(url: string): string {
  return `${url.replace(/^ws/, "http").replace(/\/+$/, "")}/publish`;
}
