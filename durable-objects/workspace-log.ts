import type { ReplayLog } from "../src/core/pubsub/replay-log.ts";

/** The log of a workspace, with the names of its places. */
export interface WorkspaceLog {
  readonly workspaceId: string;
  /** Tells positions of this workspace from those of others. */
  readonly workspaceTag: string;
  /** Opens the storage, creating it where there is none. */
  readonly open: () => ReplayLog;
  readonly epoch: () => string;
  readonly positionAt: (offset: number) => string;
}
