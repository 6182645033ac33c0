import type { RecordEvent, RecordMessage } from "../pubsub/message.ts";

/**
 * What a caller may see. Callers of an equal `key` may see the same, and so may share the execution of an operation; what
 * else is in it follows from the key.
 */
export interface Viewer {
  /** The permission class. */
  readonly key: string;
  /** An event of records as the caller may see it, undefined when not at all. */
  readonly see: (message: RecordMessage, event: RecordEvent) => RecordEvent | undefined;
  /** Whether the caller has a permission flag, such as `WORKFLOWS`. */
  readonly hasFlag: (flag: string) => boolean;
}

/** Sees all of a workspace that does not tell its callers apart. */
export const OPEN_VIEWER: Viewer = { key: "open", see: (_, event) => event, hasFlag: () => true };

/** A server, which is given channels and no records. Its key is nobody else's, so that it shares no execution with clients. */
export const SERVER_VIEWER: Viewer = { key: "server", see: () => undefined, hasFlag: () => false };

/** Sees no record: the viewer of a workspace that must have permissions and has none yet. */
export const BLIND_VIEWER: Viewer = { key: "blind", see: () => undefined, hasFlag: () => false };
