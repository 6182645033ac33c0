import type { StoredOperation } from "../protocol/session.ts";
import type { OperationStore } from "./operation-store.ts";

/** The operation store without a storage: the plain statement of what the SQLite one must do. */
export class MemoryOperationStore implements OperationStore {
  readonly #sockets = new Map<string, Map<string, StoredOperation>>();

  put(socket: string, id: string, operation: StoredOperation): void {
    const operations = this.#sockets.get(socket) ?? new Map<string, StoredOperation>();
    this.#sockets.set(socket, operations.set(id, operation));
  }

  delete(socket: string, id: string): void {
    this.#sockets.get(socket)?.delete(id);
  }

  load(socket: string): Map<string, StoredOperation> {
    return new Map(this.#sockets.get(socket));
  }

  deleteSocket(socket: string): void {
    this.#sockets.delete(socket);
  }

  keepOnly(sockets: ReadonlySet<string>): void {
    for (const socket of this.#sockets.keys()) {
      if (!sockets.has(socket)) this.#sockets.delete(socket);
    }
  }
}
