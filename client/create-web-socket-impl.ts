import { createSession } from "./session.ts";
import { SluiceSocket } from "./sluice-socket.ts";
import type { WebSocketConstructor } from "./web-socket.ts";
import type { WebSocketImplOptions } from "./web-socket-options.ts";

/**
 * A WebSocket class for a graphql-ws client that you have already: `createClient({ webSocketImpl: createWebSocketImpl() })`.
 * Its sockets resume subscriptions, refresh the token and take batches, and the client above need not know. One class is for
 * one client.
 * @throws TypeError when positions are to be kept and it is not said for whom
 */
export function createWebSocketImpl(options: WebSocketImplOptions = {}): WebSocketConstructor {
  const session = createSession(options);
  return class SluiceWebSocket extends SluiceSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, session);
    }
  };
}
