import type { GraphQLError } from "graphql";
import { createClient } from "./create-client.ts";
import { EmptyNext } from "./empty-next.ts";
import { iterateSubscription, type Sink } from "./iterate-subscription.ts";
import { page } from "./page.ts";
import { isCloseEvent } from "./web-socket.ts";
import type { WebSocketImplOptions } from "./web-socket-options.ts";

export interface SseRequest {
  operationName?: string;
  query: string;
  variables?: Record<string, unknown>;
  extensions?: Record<string, unknown>;
}

export interface SseResult<Data = Record<string, unknown>, Extensions = unknown> {
  errors?: readonly GraphQLError[];
  data?: Data | null;
  hasNext?: boolean;
  extensions?: Extensions;
}

export interface SseMessage {
  event: "next" | "complete";
  data: SseResult<Record<string, unknown>, Record<string, unknown>> | null;
}

export interface SseEventListeners {
  /** A connection is being opened; told whether one was lost before. */
  connecting?: (reconnecting: boolean) => void;
  /** A result came, or the end of an operation. */
  message?: (message: SseMessage) => void;
  /** A connection is open; told whether one was lost before. */
  connected?: (reconnected: boolean) => void;
}

/** What `headers` and `url` may be, as in graphql-sse. They are asked again for each connection. */
type PerConnection<T> = T | ((request: SseRequest) => Promise<T> | T);

/**
 * The options of graphql-sse's client that mean something over a socket; the others (`singleConnection`, `credentials`,
 * `fetchFn` and so on) are taken and change nothing. On top of them those of the sockets below.
 */
export interface SseClientOptions extends Omit<WebSocketImplOptions, "token"> {
  /** The address, `https:` or `wss:`; a relative one is of the page. */
  url: PerConnection<string>;
  /**
   * Of these, `Authorization` becomes the token of the socket; a browser cannot send others with an upgrade. As a function it
   * also gives the newer token before one expires.
   * @default none: a cookie says who is calling, or nothing does
   */
  headers?: PerConnection<Record<string, string>>;
  /** @default Infinity, where graphql-sse has 5 */
  retryAttempts?: number;
  /**
   * Waits before a connection is tried again. With it, a refused token is tried again too, as often as any other failure.
   * @default as of `createClient`
   */
  retry?: (retries: number) => Promise<void>;
  /** @default true: connects with the first subscription and closes with the last */
  lazy?: boolean;
  /** @default 0 */
  lazyCloseTimeout?: number;
  /** @default console.error */
  onNonLazyError?: (error: unknown) => void;
  generateID?: () => string;
  onMessage?: (message: SseMessage) => void;
  /** Told of the one connection that all subscriptions share. */
  on?: SseEventListeners;
  singleConnection?: boolean;
  credentials?: string;
  referrer?: string;
  referrerPolicy?: string;
  fetchFn?: unknown;
  abortControllerImpl?: unknown;
}

/** The client of graphql-sse, as far as the eye can see. */
export interface SseClient {
  subscribe<Data = Record<string, unknown>, Extensions = unknown>(
    request: SseRequest,
    sink: Sink<SseResult<Data, Extensions>>,
    on?: SseEventListeners,
  ): () => void;
  iterate<Data = Record<string, unknown>, Extensions = unknown>(
    request: SseRequest,
    on?: SseEventListeners,
  ): AsyncIterableIterator<SseResult<Data, Extensions>>;
  dispose: () => void;
}

/**
 * A client with graphql-sse's interface over one socket to the same address, for code that is written for graphql-sse. Errors
 * of an operation are results with `errors`, as there. A subscriber of `onEventSubscription` or `onAgentChatEvent` gets an
 * empty result after each 30 s without one, as long as the connection lives.
 * @throws TypeError when positions are to be kept and it is not said for whom
 */
export function createSseClient(options: SseClientOptions): SseClient {
  const { url, headers, on, retry, onMessage } = options;
  const listeners = new Set<SseEventListeners>(on === undefined ? [] : [on]);
  let newest: SseRequest = { query: "" };
  let isConnected = false;

  const ask = async <T>(value: PerConnection<T>) =>
    typeof value === "function" ? await (value as (request: SseRequest) => Promise<T> | T)(newest) : value;

  const client = createClient({
    ...socketOptions(options),
    url: async () => socketUrl(await ask(url)),
    ...(headers !== undefined && { token: async () => authorizationOf(await ask(headers)) }),
    ...(retry !== undefined && { retryWait: retry, shouldRetry: isCloseEvent }),
    on: {
      connecting: (isRetry) => {
        for (const listener of listeners) listener.connecting?.(isRetry);
      },
      connected: (_socket, _payload, wasRetry) => {
        isConnected = true;
        for (const listener of listeners) listener.connected?.(wasRetry);
      },
      closed: () => {
        isConnected = false;
      },
    },
  });

  const subscribe: SseClient["subscribe"] = (request, sink, ownListeners) => {
    newest = request;
    const tell = (message: SseMessage) => {
      on?.message?.(message);
      ownListeners?.message?.(message);
      onMessage?.(message);
    };
    const next = (result: object) => {
      tell({ event: "next", data: result });
      sink.next(result);
    };
    const empty = new EmptyNext(request.query, (data) => {
      if (isConnected) next({ data });
    });
    const end = () => {
      empty.stop();
      if (ownListeners !== undefined) listeners.delete(ownListeners);
    };
    const complete = () => {
      end();
      tell({ event: "complete", data: null });
      sink.complete();
    };
    if (ownListeners !== undefined) {
      listeners.add(ownListeners);
      if (isConnected) {
        ownListeners.connecting?.(false);
        ownListeners.connected?.(false);
      }
    }
    return client.subscribe(request, {
      next(result) {
        empty.follow(result.data);
        next(result);
      },
      error(thrown) {
        if (Array.isArray(thrown)) {
          next({ errors: thrown });
          return complete();
        }
        end();
        sink.error(
          isCloseEvent(thrown) && !(thrown instanceof Error) ? closedError(thrown.code, thrown.reason) : thrown,
        );
      },
      complete,
    });
  };

  return {
    subscribe,
    iterate: (request, ownListeners) => iterateSubscription((sink) => subscribe(request, sink, ownListeners)),
    dispose: () => void client.dispose(),
  };
}

/** Those that mean the same one layer below. */
function socketOptions(options: SseClientOptions) {
  const { url, headers, on, retry, onMessage, singleConnection, credentials, fetchFn, ...same } = options;
  return same;
}

function socketUrl(url: string): string {
  return new URL(url, page.location?.href).href.replace(/^http/, "ws");
}

function authorizationOf(headers: Record<string, string>): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];
}

function closedError(code: number, reason: string): Error {
  return Object.assign(new Error(`The connection was closed: ${code} ${reason}`), { code, reason });
}
