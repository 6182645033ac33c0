/**
 * As much of a WebSocket as the client needs from the one below it, and offers to the one above it. The handlers are
 * typed as methods, so that every implementation fits, whatever it calls its events.
 */
export interface WebSocketLike {
  readonly readyState: number;
  readonly protocol: string;
  readonly bufferedAmount?: number;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: MessageEventLike) => void) | null;
  onerror: ((event: unknown) => void) | null;
  onclose: ((event: CloseEventLike) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface MessageEventLike {
  readonly data: unknown;
}

export interface CloseEventLike {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

export interface WebSocketConstructor {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  new (url: string | URL, protocols?: string | string[]): WebSocketLike;
  /** Asks what the status of an upgrade was, where neither error nor close tells it. Never rejects. */
  statusOf?(url: string, offered: readonly string[]): Promise<number | undefined>;
}

export function isCloseEvent(value: unknown): value is CloseEventLike {
  return typeof value === "object" && value !== null && "code" in value && "reason" in value;
}
