import type { StreamQuery } from "./stream-query.ts";

/** Whose a stream is. */
export interface StreamOwner {
  /** The identity of the caller that made it. */
  readonly identity: string;
  /** Without one, a stream hears of no records. */
  readonly userWorkspaceId?: string;
  /** Whether a user holds it by itself, and no application for one. */
  readonly isUser: boolean;
}

/** What one browser tab wants to hear of: made by its subscription, and told its queries one by one. */
export interface EventStream {
  readonly id: string;
  /** Names its channel, for servers that match by themselves. */
  readonly channelId: string;
  readonly owner: StreamOwner;
  /** The first position, as an offset of the log, of which a client may come back to the stream as it is. */
  readonly since: number;
  /** When its subscription went, epoch ms; undefined while it has one. */
  readonly detachedAt: number | undefined;
  readonly queries: ReadonlyMap<string, StreamQuery>;
}

/** Bytes that a query makes the workspace keep. */
export function keptBytesOfQuery({ id, text }: Pick<StreamQuery, "id" | "text">): number {
  return id.length + text.length;
}
