/** The dialects of GraphQL over WebSocket that the object speaks, best first. */
export const SUBPROTOCOLS = ["graphql-transport-ws.batch", "graphql-transport-ws"] as const;
export type Subprotocol = (typeof SUBPROTOCOLS)[number];

/** In this one, the server may send a JSON array of messages in one frame. */
export const BATCHING_SUBPROTOCOL: Subprotocol = "graphql-transport-ws.batch";
