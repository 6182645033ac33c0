/**
 * The client of Sluice: graphql-ws with subscriptions that lose nothing and repeat nothing. `sluice/client/apollo` has the
 * link for Apollo Client, apart, so that nobody else needs Apollo installed.
 */
export { comparePositions } from "../src/core/pubsub/position.ts";
export { type ClientOptions, createClient } from "./create-client.ts";
export { createWebSocketImpl } from "./create-web-socket-impl.ts";
export type { Sink } from "./iterate-subscription.ts";
export type { GappedOperation, LiveOperation } from "./operations.ts";
export type { PositionStorage } from "./page.ts";
export { TOKEN_UNAVAILABLE } from "./sluice-socket.ts";
export {
  createSseClient,
  type SseClient,
  type SseClientOptions,
  type SseEventListeners,
  type SseMessage,
  type SseRequest,
  type SseResult,
} from "./sse-client.ts";
export type { TokenFunction, TokenRequest } from "./token-source.ts";
export type { WebSocketConstructor, WebSocketLike } from "./web-socket.ts";
export type { WebSocketImplOptions } from "./web-socket-options.ts";
