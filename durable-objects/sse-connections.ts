import { identityOf, type Principal } from "../src/core/principal.ts";
import type { SubscribeMessage } from "../src/core/protocol/messages.ts";
import type { SseStart } from "../src/core/pubsub/workspace.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Sockets } from "./sockets.ts";

/**
 * Sockets that carry all operations of a graphql-sse client: requests of their own, which may come to any isolate of the
 * edge, start and end them. The object is where they meet; each is heard as if its frame came over the socket.
 */
export class SseConnections {
  readonly #connections: Connections;
  readonly #sockets: Sockets;

  constructor(connections: Connections, sockets: Sockets) {
    this.#connections = connections;
    this.#sockets = sockets;
  }

  start(caller: Principal, token: string, message: SubscribeMessage, now: number): SseStart {
    const connection = this.#find(caller, token);
    if (connection === undefined) return "no-stream";
    // Over a socket this would close it.
    if (connection.operations.has(message.id)) return "id-in-use";
    this.#sockets.receive(connection.socket, JSON.stringify(message), now);
    return connection.closed ? "no-stream" : "started";
  }

  /** Returns whether the caller has such a stream; an operation that does not run is none to end. */
  stop(caller: Principal, token: string, id: string, now: number): boolean {
    const connection = this.#find(caller, token);
    if (connection === undefined) return false;
    this.#sockets.receive(connection.socket, JSON.stringify({ type: "complete", id }), now);
    return !connection.closed;
  }

  #find(caller: Principal, token: string): Connection | undefined {
    for (const connection of this.#connections.ofIdentity(identityOf(caller))) {
      const { sseToken, session } = connection.state;
      if (sseToken === token && session.state === "ready") return connection;
    }
    return undefined;
  }
}
