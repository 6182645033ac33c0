import type { OperationStore } from "../../src/core/operation/operation-store.ts";
import type { PermissionStore } from "../../src/core/permissions/permission-store.ts";
import { randomEpoch } from "../../src/core/pubsub/position.ts";
import type { RecordTimes } from "../../src/core/pubsub/record-times.ts";
import type { ReplayLog, Retention } from "../../src/core/pubsub/replay-log.ts";
import type { StreamStore } from "../../src/core/streams/stream-store.ts";
import { PositionReports } from "../position-reports.ts";
import { readMeta, writeMeta } from "./meta.ts";
import { migrate, storageVersion } from "./migrations.ts";
import { type Refusals, SqliteRefusals } from "./refusals.ts";
import { SqliteOperationStore } from "./sqlite-operation-store.ts";
import { SqlitePermissionStore } from "./sqlite-permission-store.ts";
import { SqliteRecordTimes } from "./sqlite-record-times.ts";
import { SqliteReplayLog } from "./sqlite-replay-log.ts";
import { SqliteStreamStore } from "./sqlite-stream-store.ts";
import { SqliteSseReservations, type SseReservations } from "./sse-reservations.ts";

/** Everything a workspace keeps on disk. */
export interface WorkspaceStorage {
  /** Random, made with the storage. */
  readonly epoch: string;
  readonly log: ReplayLog;
  readonly operations: OperationStore;
  readonly refusals: Refusals;
  readonly streams: StreamStore;
  readonly recordTimes: RecordTimes;
  readonly permissions: PermissionStore;
  readonly positionReports: PositionReports;
  readonly sseReservations: SseReservations;
}

/** Opens the storage of a workspace, creating it when it has none. */
export function openStorage(storage: DurableObjectStorage, retention: Retention): WorkspaceStorage {
  migrate(storage);
  const { sql } = storage;
  return {
    epoch: loadEpoch(sql),
    log: new SqliteReplayLog(sql, retention),
    operations: new SqliteOperationStore(sql),
    refusals: new SqliteRefusals(sql),
    streams: new SqliteStreamStore(sql),
    recordTimes: new SqliteRecordTimes(sql),
    permissions: new SqlitePermissionStore(storage),
    positionReports: new PositionReports(sql, retention),
    sseReservations: new SqliteSseReservations(sql),
  };
}

/** Opens the storage of a workspace that has one. Asking about a workspace never seen creates nothing. */
export function openExistingStorage(storage: DurableObjectStorage, retention: Retention): WorkspaceStorage | undefined {
  return storageVersion(storage.sql) === 0 ? undefined : openStorage(storage, retention);
}

function loadEpoch(sql: SqlStorage): string {
  const known = readMeta(sql, "epoch");
  if (known !== undefined) return known;
  const epoch = randomEpoch();
  writeMeta(sql, "epoch", epoch);
  return epoch;
}
