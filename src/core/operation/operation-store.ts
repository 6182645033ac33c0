import type { StoredOperation } from "../protocol/session.ts";

/** Where the operations of a socket are kept that do not fit into its attachment. */
export interface OperationStore {
  put(socket: string, id: string, operation: StoredOperation): void;
  delete(socket: string, id: string): void;
  /** All operations kept for a socket, by id. */
  load(socket: string): Map<string, StoredOperation>;
  /** Forgets a socket. */
  deleteSocket(socket: string): void;
  /** Forgets every socket but these: the others went without a close, as all do when the process ends. */
  keepOnly(sockets: ReadonlySet<string>): void;
}
