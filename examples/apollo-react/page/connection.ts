import { createStore } from "./store.ts";

/** What the page shows of its connection. An application needs none of this: the client below does it all unseen. */
export interface Connection {
  readonly status: "connecting" | "live" | "offline";
  /** How many there have been, this one included. */
  readonly count: number;
  /** Epoch milliseconds, like every time here. */
  readonly since: number;
  readonly token: { readonly issuedAt: number; readonly expiresAt: number } | undefined;
  /** How many newer tokens this connection has taken. */
  readonly refreshes: number;
}

export const connection = createStore<Connection>({
  status: "connecting",
  count: 0,
  since: 0,
  token: undefined,
  refreshes: 0,
});

const sockets = new Set<WebSocket>();
const goneLive = new EventTarget();

/** Calls a listener each time that a subscription has begun: everything from then on comes. */
export function onLive(listener: () => void): void {
  goneLive.addEventListener("live", listener);
}

/** Gives an access token. @throws Error when the page is offline, or its server cannot be reached */
export async function getToken(): Promise<string> {
  if (connection.get().status === "offline") throw new Error("The page is offline");
  const response = await fetch("/token");
  const token = await response.text();
  const { iat, exp } = JSON.parse(atob(token.split(".")[1] ?? "")) as { iat: number; exp: number };
  newest = { issuedAt: iat * 1000, expiresAt: exp * 1000 };
  return token;
}

let newest: Connection["token"];

/** Does as if there were no network: every connection ends, and no new one can be made. */
export function goOffline(): void {
  connection.set((now) => ({ ...now, status: "offline" }));
  for (const socket of sockets) socket.close();
}

export function goOnline(): void {
  connection.set((now) => ({ ...now, status: "connecting" }));
  // The client takes this for the network's return, and does not sit out its wait.
  window.dispatchEvent(new Event("online"));
}

/** A WebSocket that lets the page see what the client and the gateway say to each other beside the events. */
export class WatchedSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    sockets.add(this);
    this.addEventListener("message", ({ data }) => {
      // A frame holds one message, or a list of them.
      for (const message of [JSON.parse(String(data)) as Message | Message[]].flat()) see(message);
    });
    this.addEventListener("close", () => {
      sockets.delete(this);
      connection.set((now) => (now.status === "offline" ? now : { ...now, status: "connecting" }));
    });
  }
}

interface Message {
  readonly type: string;
  readonly payload?: { readonly position?: unknown; readonly tokenExpiresAt?: number };
}

function see({ type, payload }: Message): void {
  if (type === "connection_ack") {
    connection.set(({ count }) => ({
      ...{ status: "live", count: count + 1, since: Date.now() },
      ...{ token: newest, refreshes: 0 },
    }));
  } else if (type === "pong" && payload?.tokenExpiresAt === newest?.expiresAt) {
    // The answer to a token that was sent over the open connection.
    connection.set((now) => ({ ...now, token: newest, refreshes: now.refreshes + 1 }));
  } else if (type === "ping" && payload?.position !== undefined) {
    goneLive.dispatchEvent(new Event("live"));
  }
}
