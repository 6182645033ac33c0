import type { BreakerState } from "../circuit-breaker.ts";
import type { MembersPatch, PermissionSnapshot, PermissionsAnswer } from "../permissions/snapshot.ts";
import type { Principal } from "../principal.ts";
import type { SubscribeMessage } from "../protocol/messages.ts";
import type { Revocation } from "../revocation.ts";
import type { StreamCounts } from "../streams/event-streams.ts";
import type { StreamPage } from "../streams/stream-page.ts";
import type { StreamAnswer } from "../streams/stream-refusal.ts";
import type { PublishOutcome, PublishRequest } from "./publish-request.ts";

/** What the rest of the gateway may ask of a workspace's object, by RPC. */
export interface Workspace {
  /** Writes messages to the log and sends them, in order; answers once they are durable. */
  publish(requests: PublishRequest[]): Promise<PublishOutcome[]>;
  /** Whether a caller whose token verifies is still let in. */
  admits(principal: Principal): Promise<boolean>;
  /** Adds a query to an event stream of a caller, or replaces it; false where there is no such stream. */
  addQuery(caller: Principal, stream: string, query: string, signature: unknown): Promise<StreamAnswer>;
  removeQuery(caller: Principal, stream: string, query: string): Promise<StreamAnswer>;
  /** Reserves a stream of Server-Sent Events for a caller. Returns its token. */
  reserveSse(caller: Principal): Promise<string>;
  /** Uses a reservation up. Returns whether the caller had it. */
  takeSse(caller: Principal, token: string): Promise<boolean>;
  /** Starts an operation on an open stream of the caller. */
  startOverSse(caller: Principal, token: string, message: SubscribeMessage): Promise<SseStart>;
  /** Ends one. Returns whether the caller has such a stream. */
  stopOverSse(caller: Principal, token: string, id: string): Promise<boolean>;
  /** Closes the sockets of revoked tokens, and lets none of these tokens in any more. */
  revoke(revocation: Revocation): Promise<{ closed: number }>;
  inspect(): Promise<WorkspaceReport>;
  /** The event streams behind one of an id with their queries, so that a server can do its own matching. */
  listStreams(after?: string): Promise<StreamPage>;
  /** Puts a snapshot of permissions in the place of the one before. */
  putPermissions(snapshot: PermissionSnapshot): Promise<PermissionsAnswer>;
  /** Changes the roles of members. */
  patchMembers(patch: MembersPatch): Promise<PermissionsAnswer>;
  /** Deletes everything, and refuses every token issued until now. */
  erase(): Promise<{ closed: number }>;
}

/** What became of an operation that was to start on a stream. */
export type SseStart = "started" | "no-stream" | "id-in-use";

/** How a workspace stands, for whoever operates the gateway. */
export interface WorkspaceReport extends StreamCounts {
  readonly sockets: number;
  readonly operations: number;
  /** Operations that are being replayed what they missed. */
  readonly catchingUp: number;
  /** Bytes that were sent from here and not read yet. */
  readonly unreadBytes: number;
  readonly operationsByField: Readonly<Record<string, number>>;
  /** The documents that most operations run with, most first. */
  readonly operationsByDocument: readonly DocumentCount[];
  /** Absent when the workspace was never seen. */
  readonly log?: { readonly from: string; readonly rows: number; readonly bytes: number };
  readonly position?: string;
  readonly epoch?: string;
  /** Of the permissions; absent when there are none. */
  readonly snapshotVersion?: number;
  /** How the service behind `ENRICHER` did of late; absent where none is bound. */
  readonly enricher?: BreakerState;
  /** Says why records reach nobody, where that is so. */
  readonly notDelivering?: string;
}

/** How many operations run with one document. Never their variables: those hold what users look at. */
export interface DocumentCount {
  readonly count: number;
  /** The name of the operation, or how its document begins when it has none. */
  readonly operation: string;
  /** The beginning of the SHA-256 of the document, in hex. */
  readonly hash: string;
}
