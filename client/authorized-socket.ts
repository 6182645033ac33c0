import { fetchSocket } from "./fetch-socket.ts";
import { requireWebSocket } from "./session.ts";
import { upgradeStatus } from "./upgrade-status.ts";
import type { WebSocketConstructor, WebSocketLike } from "./web-socket.ts";

export interface AuthorizedSocketOptions {
  readonly secret: string;
  /** A class like that of the package `ws`, whose third argument has the headers. */
  readonly webSocketImpl?: unknown;
  readonly fetch?: typeof fetch | undefined;
}

type WithArguments = new (...args: unknown[]) => WebSocketLike;

/**
 * A WebSocket class whose sockets carry a secret in `Authorization`, in whichever way the runtime can send a header with an
 * upgrade: `ws`, `fetch` on Workers, or the global WebSocket of Node and Bun, which takes headers among its options.
 * @throws TypeError when there is no WebSocket here
 */
export function authorizedSocket({
  secret,
  webSocketImpl,
  fetch: fetchIt,
}: AuthorizedSocketOptions): WebSocketConstructor {
  const headers = { Authorization: `Bearer ${secret}` };
  if (webSocketImpl !== undefined) {
    return extended(webSocketImpl, (url, protocols) => [url, protocols, { headers }]);
  }
  if ("WebSocketPair" in globalThis) return fetchSocket(headers, fetchIt ?? ((...args) => fetch(...args)));
  const { WebSocket } = globalThis as { WebSocket?: unknown };
  const Authorized = extended(WebSocket, (url, protocols) => [url, { protocols, headers }]);
  return Object.assign(Authorized, { statusOf: (url: string) => upgradeStatus(url, headers) });
}

function extended(base: unknown, toArguments: (url: unknown, protocols: unknown) => unknown[]): WebSocketConstructor {
  const Base = requireWebSocket(base) as unknown as WithArguments;
  class AuthorizedSocket extends Base {
    constructor(url: unknown, protocols: unknown) {
      super(...toArguments(url, protocols));
    }
  }
  return AuthorizedSocket as unknown as WebSocketConstructor;
}
