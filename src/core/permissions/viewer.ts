import type { JsonObject } from "../json.ts";
import type { Principal } from "../principal.ts";
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
  /** A record of an object by itself, as the caller may see it, undefined when not at all. */
  readonly seeRecord: (objectNameSingular: string, record: JsonObject) => JsonObject | undefined;
  /** Whether a field of the message's object is kept from the caller, under its own name or that of its column. */
  readonly hides: (message: RecordMessage, field: string) => boolean;
  /** The types of an object's fields, as far as the snapshot of permissions tells them. */
  readonly fieldTypesOf: (objectNameSingular: string) => Readonly<Record<string, string>>;
  /** Whether the caller has a permission flag, such as `WORKFLOWS`. */
  readonly hasFlag: (flag: string) => boolean;
  /** Set for an application, which sees no log rows but its own. */
  readonly applicationId?: string;
}

/** Sees all of a workspace that does not tell its callers apart. */
export const OPEN_VIEWER: Viewer = {
  key: "open",
  see: (_, event) => event,
  seeRecord: (_, record) => record,
  hides: () => false,
  fieldTypesOf: () => ({}),
  hasFlag: () => true,
};

/** Sees no record: the viewer of a workspace that must have permissions and has none yet. */
export const BLIND_VIEWER: Viewer = {
  key: "blind",
  see: () => undefined,
  seeRecord: () => undefined,
  hides: () => true,
  fieldTypesOf: () => ({}),
  hasFlag: () => false,
};

/** A server, which is given channels and no records. Its key is nobody else's, so that it shares no execution with clients. */
export const SERVER_VIEWER: Viewer = { ...BLIND_VIEWER, key: "server" };

/** What a caller may see where everybody else sees what `viewer` does: an application is in a class of its own. */
export function viewerOfCaller(caller: Principal, viewer: Viewer): Viewer {
  if (caller.kind !== "application") return viewer;
  const { applicationId } = caller;
  return { ...viewer, key: `${viewer.key} application:${applicationId}`, applicationId };
}
