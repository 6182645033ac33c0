import type { TokenBucket } from "../token-bucket.ts";

/**
 * Where a connection stands in the protocol. Plain data that survives structured cloning: between two wakes of the
 * object it lives in the socket's attachment.
 */
export type Session = OpeningSession | InitialisingSession | ReadySession;

/** Waits for `connection_init`. */
export interface OpeningSession {
  readonly state: "opening";
  /** Epoch ms by which `connection_init` must have come. */
  readonly initBy: number;
}

/** `connection_init` came and is being looked at. */
export interface InitialisingSession {
  readonly state: "initialising";
}

/** Acknowledged: operations run. */
export interface ReadySession {
  readonly state: "ready";
  readonly operations: ReadonlyMap<string, StoredOperation>;
  readonly subscribeRate?: TokenBucket;
  readonly documentRate?: TokenBucket;
}

/** A running subscription, as much as is needed to run it again after a wake. */
export interface StoredOperation {
  readonly document: string;
  readonly operationName?: string;
  /** Canonical JSON, so that equal variables are equal texts. */
  readonly variables: string;
  /** Set when the client asked for positions. */
  readonly resume?: ResumeState;
  /** Counts the operations of the socket: whatever stored them apart, they run again in the order they began. */
  readonly order: number;
}

/** How far an operation that can resume has come. */
export interface ResumeState {
  /** Everything up to this offset was sent, and what follows is read from the log; absent while the operation is live. */
  readonly cursor?: number;
}

/** The session of a socket that was just accepted. */
export function openSession(now: number, initTimeoutSeconds: number): OpeningSession {
  return { state: "opening", initBy: now + initTimeoutSeconds * 1000 };
}

/** The session after the ack. */
export function readySession(): ReadySession {
  return { state: "ready", operations: new Map() };
}

/** The session with an operation more. */
export function withOperation(session: ReadySession, id: string, operation: StoredOperation): ReadySession {
  return { ...session, operations: new Map(session.operations).set(id, operation) };
}

/** The session with an operation changed that it may have. */
export function withResumeState(session: ReadySession, id: string, resume: ResumeState): ReadySession {
  const operation = session.operations.get(id);
  return operation === undefined ? session : withOperation(session, id, { ...operation, resume });
}

/** The order of an operation that begins now. */
export function nextOrder({ operations }: ReadySession): number {
  let newest = 0;
  for (const { order } of operations.values()) newest = Math.max(newest, order);
  return newest + 1;
}

/** The session without an operation. */
export function withoutOperation(session: ReadySession, id: string): ReadySession {
  if (!session.operations.has(id)) return session;
  const operations = new Map(session.operations);
  operations.delete(id);
  return { ...session, operations };
}
