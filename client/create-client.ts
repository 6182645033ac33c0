import {
  type Client,
  type ConnectionInitMessage,
  createClient as createWsClient,
  type ClientOptions as WsClientOptions,
} from "graphql-ws/client";
import { createWebSocketImpl } from "./create-web-socket-impl.ts";
import { createReconnect } from "./reconnect.ts";
import type { WebSocketImplOptions } from "./web-socket-options.ts";

type InitPayload = ConnectionInitMessage["payload"];

/**
 * The options of graphql-ws' client, and those of the sockets below it. Some defaults differ: `generateID` numbers the
 * operations, so that equal clients can be sent the very same text; `retryAttempts` is `Infinity`,
 * `retryWait` draws waits at random up to a bound that doubles from 1 s to 30 s and ends early when the page becomes visible
 * or the network returns, `shouldRetry` gives up on the second refusal (4403) in a row, `keepAlive` is 12 s, and
 * `connectionAckWaitTimeout` 15 s.
 */
export interface ClientOptions<P extends InitPayload = InitPayload> extends WsClientOptions<P>, WebSocketImplOptions {}

/**
 * A graphql-ws `Client` whose subscriptions lose nothing and repeat nothing when the connection drops, the token expires or
 * the page reloads. Against a server that knows none of this it is a graphql-ws client that reconnects well.
 * @throws TypeError when positions are to be kept and it is not said for whom
 */
export function createClient<P extends InitPayload = InitPayload>(options: ClientOptions<P>): Client {
  const reconnect = createReconnect();
  let operations = 0;
  const client = createWsClient<P>({
    ...options,
    generateID: options.generateID ?? (() => String(++operations)),
    keepAlive: options.keepAlive ?? 12_000,
    connectionAckWaitTimeout: options.connectionAckWaitTimeout ?? 15_000,
    retryAttempts: options.retryAttempts ?? Number.POSITIVE_INFINITY,
    retryWait: options.retryWait ?? reconnect.retryWait,
    shouldRetry: options.shouldRetry ?? reconnect.shouldRetry,
    webSocketImpl: createWebSocketImpl(options),
  });
  client.on("connected", reconnect.connected);
  client.on("closed", reconnect.closed);
  return {
    ...client,
    async dispose() {
      const disposed = client.dispose();
      // Not after a wait of half a minute.
      reconnect.wake();
      try {
        await disposed;
      } catch {
        // There is no connection to close.
      }
    },
  };
}
