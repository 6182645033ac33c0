import type { GappedOperation, LiveOperation } from "./operations.ts";
import type { PositionStorage } from "./page.ts";
import type { TokenFunction } from "./token-source.ts";

/** What the client does beyond graphql-ws. Every option may be left out. */
export interface WebSocketImplOptions {
  /**
   * Gives the access token, with or without `Bearer `. It is asked for each new connection, and with `refresh: true` ahead of the
   * token's expiry and after a refusal; the newer token then takes the older one's place on the open socket. When it throws,
   * the connection is tried again later.
   * @default no token: whatever `connectionParams` or a cookie bring
   */
  token?: TokenFunction;
  /**
   * Where the token goes. In a subprotocol item it is known before anything else is; `connection_init` suits a server that is not
   * Sluice. A token that cannot be such an item goes into `connection_init` anyway, and so does an API key.
   * @default "subprotocol"
   */
  tokenIn?: "subprotocol" | "connection_init";
  /**
   * Called when a subscription missed events that can no longer be sent to it: time to fetch what it keeps up to date. It goes on by
   * itself. What this throws is reported as uncaught and changes nothing.
   * @default nothing is done
   */
  onGap?: (operation: GappedOperation) => void;
  /**
   * Called once for each subscription when the server has begun it, or resumed it after a reload of the page: what is published from
   * then on is received. Only a server that tells positions says so.
   * @default nothing is done
   */
  onLive?: (operation: LiveOperation) => void;
  /**
   * Keeps positions where they outlive a reload of the page: in `sessionStorage`, or in a storage of your own. They are kept for the
   * caller that the token names, and no other is given them; a token that is no JWT needs `persistKey` too.
   * @default false
   */
  persist?: boolean | PositionStorage;
  /**
   * Names the caller whose positions are kept, where `token` does not, or tells apart two clients of a page.
   * @default the caller that the token names
   */
  persistKey?: string;
  /**
   * How long a connection may take to open, `token()` included, in ms.
   * @default 20000
   */
  connectTimeout?: number;
  /**
   * How long the answer to a ping may take, in ms, before the socket is given up as dead. 0 never gives up.
   * @default 10000
   */
  pongTimeout?: number;
  /**
   * The WebSocket to build on.
   * @default the global one
   */
  webSocketImpl?: unknown;
}
