import { encodeServerMessage } from "../src/core/protocol/codec.ts";
import { gapPing, positionPing } from "../src/core/protocol/position-pings.ts";
import type { Connections } from "./connections.ts";
import type { RunningOperation } from "./running-operation.ts";
import type { WorkspaceLog } from "./workspace-log.ts";

/** Tells operations that asked for it where they stand in the log, other than in the events they receive. */
export class PositionTeller {
  readonly #log: WorkspaceLog;

  constructor(log: WorkspaceLog) {
    this.#log = log;
  }

  /** An operation is live from here on: with all that came before, or with a gap. */
  announce(operation: RunningOperation, how: "complete" | "gap"): void {
    const { head } = this.#log.open();
    if (how === "complete") return this.#tell(operation, head);
    operation.told = head;
    operation.connection.send(encodeServerMessage(gapPing(operation.id, this.#log.positionAt(head))));
  }

  /** Tells everybody who is live and has missed nothing that this goes for all of the log, so that they resume from there. */
  report(connections: Connections): void {
    const { head } = this.#log.open();
    for (const { running } of connections) {
      for (const operation of running.values()) {
        if (operation.group?.positions && (operation.told ?? 0) < head) this.#tell(operation, head);
      }
    }
  }

  #tell(operation: RunningOperation, offset: number): void {
    operation.told = offset;
    operation.connection.send(encodeServerMessage(positionPing(operation.id, this.#log.positionAt(offset))));
  }
}
