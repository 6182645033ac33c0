import type { Client } from "graphql-ws/client";
import { createClient } from "./create-client.ts";
import { isObject } from "./json.ts";
import type { WebSocketConstructor } from "./web-socket.ts";
import { isCloseEvent } from "./web-socket.ts";

/** What one subscription of a channel hears. */
export interface ChannelListener {
  /** It has begun: what is published from now on is heard. */
  readonly live: () => void;
  readonly next: (message: { readonly channel: string; readonly payload: unknown }) => void;
  /** Payloads were lost for good; it goes on. */
  readonly gap: () => void;
  /** It is over. */
  readonly failed: (error: Error) => void;
}

export interface ChannelSocketsOptions {
  /** Of the door, without the workspace. */
  readonly url: string;
  readonly webSocketImpl: WebSocketConstructor;
  /** A socket was opened, or lost by an error. */
  readonly onConnection: (error?: Error) => void;
}

/** A socket, opened while something is subscribed on it, and opened again for as long as it is. */
interface Lane {
  readonly client: Client;
  readonly listeners: Map<string, ChannelListener>;
  newestId: number;
}

/** MAX_OPERATIONS_PER_SOCKET of the gateway, and what it takes from a socket at once when that comes back. */
const MAX_PER_SOCKET = 200;
/** A socket outlives its last subscription for a moment, as the next one may be there soon. */
const LINGER_MS = 1_000;

const CHANNEL =
  "subscription ($name: String!, $pattern: Boolean) { channel(name: $name, pattern: $pattern) { channel payload } }";

/** The sockets to the channels of one workspace: one, and more where one does not take all subscriptions. */
export class ChannelSockets {
  readonly #options: ChannelSocketsOptions;
  readonly #workspaceId: string;
  readonly #lanes = new Set<Lane>();

  constructor(workspaceId: string, options: ChannelSocketsOptions) {
    this.#workspaceId = workspaceId;
    this.#options = options;
  }

  /** @returns ends the subscription */
  subscribe(name: string, pattern: boolean, listener: ChannelListener): () => void {
    const lane = [...this.#lanes].find(({ listeners }) => listeners.size < MAX_PER_SOCKET) ?? this.#openLane();
    const id = String(++lane.newestId);
    lane.listeners.set(id, listener);
    const end = (): boolean => {
      const isKnown = lane.listeners.delete(id);
      if (lane.listeners.size === 0 && this.#lanes.size > 1) this.#lanes.delete(lane);
      return isKnown;
    };
    const dispose = lane.client.subscribe<{ channel: { channel: string; payload: unknown } }>(
      { query: CHANNEL, variables: { name, pattern } },
      {
        next({ data }) {
          if (data != null) listener.next(data.channel);
        },
        error(thrown) {
          if (end()) listener.failed(errorOf(thrown));
        },
        complete() {
          if (end()) listener.failed(new Error("The gateway ended the subscription."));
        },
      },
    );
    return () => {
      if (end()) dispose();
    };
  }

  async close(): Promise<void> {
    const lanes = [...this.#lanes];
    this.#lanes.clear();
    for (const { listeners } of lanes) listeners.clear();
    await Promise.all(lanes.map(({ client }) => client.dispose()));
  }

  #openLane(): Lane {
    const { url, webSocketImpl, onConnection } = this.#options;
    const listeners: Lane["listeners"] = new Map();
    const client = createClient({
      url: `${url}/${this.#workspaceId}`,
      webSocketImpl,
      lazyCloseTimeout: LINGER_MS,
      // Asked once per subscription, as the first thing.
      generateID: () => String(lane.newestId),
      onLive: ({ id }) => listeners.get(id)?.live(),
      onGap: ({ id }) => listeners.get(id)?.gap(),
      on: {
        connected: () => onConnection(),
        closed: (event) => {
          const isOurs = isCloseEvent(event) && event.code === NORMAL;
          if (this.#lanes.has(lane) && !isOurs) onConnection(errorOf(event));
        },
      },
    });
    const lane: Lane = { client, listeners, newestId: 0 };
    this.#lanes.add(lane);
    return lane;
  }
}

const NORMAL = 1000;

/** What graphql-ws ends a subscription with: GraphQL errors, a close, or whatever was thrown. */
function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (isCloseEvent(thrown)) return new Error(`The connection was closed: ${thrown.code} ${thrown.reason}`);
  const first: unknown = Array.isArray(thrown) ? thrown[0] : thrown;
  if (!isObject(first)) return new Error(String(first));
  const extensions = isObject(first["extensions"]) ? first["extensions"] : {};
  return Object.assign(new Error(String(first["message"])), { code: extensions["code"] });
}
