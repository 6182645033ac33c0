import { BATCHING_SUBPROTOCOL } from "../src/core/protocol/subprotocols.ts";
import { hash } from "./hash.ts";
import { callerOf, readClaims } from "./jwt.ts";
import { Operations } from "./operations.ts";
import { sessionStorageOf } from "./page.ts";
import { PositionKeeper } from "./position-keeper.ts";
import { runApart } from "./run-apart.ts";
import { TokenSource } from "./token-source.ts";
import { globalWebSocket } from "./upgrade-status.ts";
import type { WebSocketConstructor } from "./web-socket.ts";
import type { WebSocketImplOptions } from "./web-socket-options.ts";

/** What the sockets of one client have in common: it outlives each of them. */
export interface ClientSession {
  readonly operations: Operations;
  readonly tokens: TokenSource | undefined;
  readonly tokenIn: "subprotocol" | "connection_init";
  readonly connectTimeoutMs: number;
  readonly pongTimeoutMs: number;
  /** What to offer, best first. */
  subprotocols: readonly string[];
  /** @throws TypeError when there is none, or something else in its place */
  webSocketImpl(): WebSocketConstructor;
}

/** @throws TypeError when positions are to be kept and it is not said for whom */
export function createSession(options: WebSocketImplOptions): ClientSession {
  const { token, persist, persistKey, onGap, onLive } = options;
  if (persist && token === undefined && persistKey === undefined) {
    throw new TypeError("persist needs token or persistKey: positions are kept for one caller and given to no other");
  }
  const storage = typeof persist === "object" ? persist : persist ? sessionStorageOf() : undefined;
  const keeper = storage && new PositionKeeper(storage, `sluice.positions.${persistKey ?? ""}`);
  const operations = new Operations(
    (operation) => runApart(() => onGap?.(operation)),
    keeper,
    (operation) => runApart(() => onLive?.(operation)),
  );
  if (token === undefined) operations.setCaller(persistKey);
  const onToken = (newest: string) => {
    const claims = readClaims(newest);
    const caller = claims && callerOf(claims);
    operations.setCaller(caller === undefined ? persistKey : hash(caller));
  };
  return {
    operations,
    tokens: token && new TokenSource(token, onToken),
    tokenIn: options.tokenIn ?? "subprotocol",
    connectTimeoutMs: options.connectTimeout ?? 20_000,
    pongTimeoutMs: options.pongTimeout ?? 10_000,
    subprotocols: [BATCHING_SUBPROTOCOL, GRAPHQL_TRANSPORT_WS],
    webSocketImpl: () => requireWebSocket(options.webSocketImpl ?? globalWebSocket()),
  };
}

export const GRAPHQL_TRANSPORT_WS = "graphql-transport-ws";

/** @throws TypeError for what is no WebSocket class */
export function requireWebSocket(implementation: unknown): WebSocketConstructor {
  if (typeof implementation !== "function" || !("OPEN" in implementation)) {
    throw new TypeError("There is no WebSocket here: pass one as webSocketImpl, for instance that of the package ws");
  }
  return implementation as unknown as WebSocketConstructor;
}
