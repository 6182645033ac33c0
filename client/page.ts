import type { WebSocketConstructor } from "./web-socket.ts";

/** What of a browser the client makes use of, where it is there. */
interface Page extends PageEvents {
  readonly WebSocket?: WebSocketConstructor;
  readonly sessionStorage?: PositionStorage;
  readonly location?: { readonly href: string };
  readonly document?: PageEvents & { readonly visibilityState: string };
}

interface PageEvents {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/** As much of a `Storage` as is needed to keep positions. */
export interface PositionStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export const page: Page = globalThis as unknown as Page;

/**
 * Calls a listener whenever a connection may be worth a look: the page became visible, or the network returned. In an
 * environment that has neither nothing happens.
 * @returns a function that ends it
 */
export function onWake(listener: () => void): () => void {
  const { document } = page;
  const whenVisible = () => {
    if (document?.visibilityState === "visible") listener();
  };
  document?.addEventListener?.("visibilitychange", whenVisible);
  page.addEventListener?.("online", listener);
  return () => {
    document?.removeEventListener?.("visibilitychange", whenVisible);
    page.removeEventListener?.("online", listener);
  };
}

/** The storage that a page of one tab has until the tab closes, where the browser allows it. */
export function sessionStorageOf(): PositionStorage | undefined {
  try {
    return page.sessionStorage;
  } catch {
    // Reading the property throws where the user has forbidden storage.
    return undefined;
  }
}
