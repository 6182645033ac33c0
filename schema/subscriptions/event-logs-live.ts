import { isJsonObject, type JsonObject } from "../../src/core/json.ts";
import { defineChannelSubscription } from "../../src/core/operation/channel-subscription.ts";
import { parseUuid } from "../../src/core/uuid.ts";
import { assertFewFilters, compileFilters, type EventLogFieldFilter } from "../event-log-filter.ts";
import { type EventLogTable, toEventLogRecord } from "../event-log-record.ts";
import { refuseWithoutFlag } from "../refuse-without-flag.ts";

interface EventLogsLiveArgs {
  readonly table: EventLogTable;
  readonly fieldFilters?: readonly EventLogFieldFilter[] | null;
}

interface NewRows {
  readonly table: string;
  readonly rows: readonly JsonObject[];
}

/** New rows of one of the workspace's log tables that pass every filter; of an application, its own rows only. */
export const eventLogsLive = defineChannelSubscription<EventLogsLiveArgs, NewRows>({
  name: "eventLogsLive",
  channel: "WORKSPACE_EVENTS_CHANNEL",
  interestOf({ table, fieldFilters }) {
    assertFewFilters(fieldFilters ?? []);
    return [tableKey(table)];
  },
  refuse: (_args, _caller, viewer) => refuseWithoutFlag(viewer, "SECURITY"),
  read({ table, rows }) {
    if (typeof table !== "string" || !Array.isArray(rows)) return undefined;
    return { table, rows: rows.filter(isJsonObject) };
  },
  topicOf: ({ table }) => [tableKey(table)],
  toValue({ rows }, { applicationId }, { table, fieldFilters }, at) {
    const passing = rows
      .filter((row) => applicationId === undefined || parseUuid(row.applicationId) === applicationId)
      .filter(compileFilters(fieldFilters ?? []));
    return passing.length === 0 ? undefined : passing.map((row) => toEventLogRecord(row, table, at));
  },
});

/** Twenty publishes a table under its name in the store, `workspaceEvent`, which the enum writes as `WORKSPACE_EVENT`. */
function tableKey(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}
