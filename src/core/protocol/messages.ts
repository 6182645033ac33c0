/**
 * The messages of graphql-transport-ws, as the gateway speaks it.
 * Source: the protocol document of graphql-ws (`PROTOCOL.md`).
 */

/** Client to server: asks to open the connection; the payload may carry a token. */
export interface ConnectionInitMessage {
  readonly type: "connection_init";
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** Both directions; answered by a pong that echoes the payload. */
export interface PingMessage {
  readonly type: "ping";
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** Both directions. */
export interface PongMessage {
  readonly type: "pong";
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** What a client asks for: shared by the socket and by GraphQL over HTTP. */
export interface SubscribePayload {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Client to server: starts an operation under an id that is free on this socket. */
export interface SubscribeMessage {
  readonly type: "subscribe";
  readonly id: string;
  readonly payload: SubscribePayload;
}

/** Both directions: the operation is over. */
export interface CompleteMessage {
  readonly type: "complete";
  readonly id: string;
}

/** Server to client: the connection is open. */
export interface ConnectionAckMessage {
  readonly type: "connection_ack";
}

/** Server to client: ends an operation before or instead of its results. */
export interface ErrorMessage {
  readonly type: "error";
  readonly id: string;
  readonly payload: readonly FormattedError[];
}

/** A GraphQL error as it is sent. */
export interface FormattedError {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export type ClientMessage = ConnectionInitMessage | PingMessage | PongMessage | SubscribeMessage | CompleteMessage;

/** `next` is missing on purpose: its frame is put together from shared text, see `next-frame.ts`. */
export type ServerMessage = ConnectionAckMessage | PingMessage | PongMessage | ErrorMessage | CompleteMessage;
