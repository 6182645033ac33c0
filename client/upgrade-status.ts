import { page } from "./page.ts";
import type { WebSocketConstructor } from "./web-socket.ts";

const TIMEOUT_MS = 10_000;

/**
 * The status that a server has for whoever asks with these headers. Undefined when it does not answer.
 * @param url of a WebSocket
 */
export async function upgradeStatus(url: string, headers: Record<string, string>): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const asked = { headers: { Accept: "application/json", ...headers }, redirect: "manual", signal } as const;
    const response = await fetch(url.replace(/^ws/, "http"), asked);
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}

/**
 * The global WebSocket. Outside of a page no `Origin` is sent, so a token that is refused is a status, which the class does
 * not tell: with a plain request it can be asked for.
 */
export function globalWebSocket(): unknown {
  const { WebSocket: Base, location } = page;
  if (Base === undefined || location !== undefined) return Base;
  class TellingWebSocket extends (Base as WebSocketConstructor) {}
  return Object.assign(TellingWebSocket, {
    async statusOf(url: string, offered: readonly string[]): Promise<number | undefined> {
      const token = offered.find((item) => item.startsWith("bearer."))?.slice("bearer.".length);
      return token === undefined ? undefined : upgradeStatus(url, { Authorization: `Bearer ${token}` });
    },
  });
}
