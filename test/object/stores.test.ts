import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { migrate } from "../../durable-objects/storage/migrations.ts";
import { SqliteOperationStore } from "../../durable-objects/storage/sqlite-operation-store.ts";
import { SqlitePermissionStore } from "../../durable-objects/storage/sqlite-permission-store.ts";
import { SqliteRecordTimes } from "../../durable-objects/storage/sqlite-record-times.ts";
import { SqliteReplayLog } from "../../durable-objects/storage/sqlite-replay-log.ts";
import { SqliteStreamStore } from "../../durable-objects/storage/sqlite-stream-store.ts";
import { describeOperationStore } from "../support/operation-store-contract.ts";
import { describePermissionStore } from "../support/permission-store-contract.ts";
import { describeRecordTimes } from "../support/record-times-contract.ts";
import { describeReplayLog } from "../support/replay-log-contract.ts";
import { describeStreamStore } from "../support/stream-store-contract.ts";

/** The SQLite of the object that the present test runs in. */
let sql: SqlStorage;
let objectStorage: DurableObjectStorage;

/** Runs something inside an object of its own, where its SQLite may be used. */
async function within(run: () => void): Promise<void> {
  const stub = env.WORKSPACES.getByName(crypto.randomUUID());
  await runInDurableObject(stub, (_, { storage }) => {
    migrate(storage);
    sql = storage.sql;
    objectStorage = storage;
    run();
  });
}

describeReplayLog("SqliteReplayLog", {
  within,
  open: (retention) => new SqliteReplayLog(sql, retention),
  reopen: (_, retention) => new SqliteReplayLog(sql, retention),
});

describeOperationStore("SqliteOperationStore", {
  within,
  open: () => new SqliteOperationStore(sql),
  reopen: () => new SqliteOperationStore(sql),
});

describePermissionStore("SqlitePermissionStore", () => new SqlitePermissionStore(objectStorage), within);

describeRecordTimes("SqliteRecordTimes", () => new SqliteRecordTimes(sql), within);

describeStreamStore("SqliteStreamStore", {
  within,
  open: () => new SqliteStreamStore(sql),
  reopen: () => new SqliteStreamStore(sql),
});
