import type { Frame } from "./frame.ts";

/** What a client has under it: a socket, or a response of Server-Sent Events that speaks as if it were one. */
export interface Line {
  /** Whether it can bring a newer token. */
  readonly canRefresh: boolean;
  subscribe(id: string, payload: object): void;
  /** Ends an operation; a message with `ended` says when nothing of it may come any more. */
  complete(id: string): void;
  refresh(accessToken: string): void;
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** Cuts it without a word, or in a way that the protocol knows. Nothing is heard of it afterwards. */
  cut(how: "terminate" | "close"): void;
}

/** What a line tells its client. */
export interface LineEvents {
  /** Operations may be subscribed. */
  readonly ready: () => void;
  readonly message: (frame: Frame) => void;
  /** It is gone, and not because it was cut. */
  readonly gone: (how: { readonly code: number; readonly reason: string }) => void;
  /** It did what the protocol does not know. */
  readonly wrong: (what: string) => void;
  readonly count: (what: string) => void;
}

export interface LineOptions {
  /** `ws://…/graphql` */
  readonly url: string;
  readonly token: string;
  readonly kind: ClientKind;
  readonly batches: boolean;
}

/** Handed through to the object, relayed by the edge, or served by it. */
export const CLIENT_KINDS = ["direct", "relayed", "sse"] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];
