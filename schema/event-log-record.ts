import { isJsonObject, type JsonObject } from "../src/core/json.ts";

/** How the rows of one of Twenty's log tables read as records of the log. */
interface LogTable {
  /** The column that says what happened. */
  readonly event: string;
  readonly user?: string;
  /** The column of an object with further facts. */
  readonly facts: string;
  /** Columns that are further facts themselves. */
  readonly factColumns: readonly string[];
}

/** By the member of the enum `EventLogTable`. */
const LOG_TABLES = {
  WORKSPACE_EVENT: { event: "event", user: "userId", facts: "properties", factColumns: [] },
  PAGEVIEW: { event: "name", user: "userId", facts: "properties", factColumns: [] },
  OBJECT_EVENT: { event: "event", user: "userId", facts: "properties", factColumns: [] },
  USAGE_EVENT: {
    event: "resourceType",
    user: "userWorkspaceId",
    facts: "metadata",
    factColumns: ["operationType", "quantity", "unit", "creditsUsedMicro", "resourceId", "resourceContext"],
  },
  APPLICATION_LOG: {
    event: "logicFunctionName",
    facts: "properties",
    factColumns: ["level", "message", "executionId", "logicFunctionId", "applicationId"],
  },
} as const satisfies Record<string, LogTable>;

export type EventLogTable = keyof typeof LOG_TABLES;

/**
 * A row as the type `EventLogRecord` has it. What is not of the type that the column should have is left out.
 * @param at epoch ms, for a row that does not say when
 */
export function toEventLogRecord(row: JsonObject, table: EventLogTable, at: number): object {
  const { event, user, facts, factColumns }: LogTable = LOG_TABLES[table];
  const more = row[facts];
  const known = factColumns.filter((name) => row[name] != null).map((name) => [name, row[name]] as const);
  const properties = { ...(isJsonObject(more) && more), ...Object.fromEntries(known) };
  return {
    event: textOf(row[event]) ?? "",
    timestamp: instantOf(row.timestamp) ?? new Date(at).toISOString(),
    userId: user === undefined ? undefined : textOf(row[user]),
    properties: isJsonObject(more) || known.length > 0 ? properties : undefined,
    recordId: textOf(row.recordId),
    objectMetadataId: textOf(row.objectMetadataId),
    isCustom: typeof row.isCustom === "boolean" ? row.isCustom : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** ClickHouse writes instants in UTC without saying so: `2026-09-01 00:00:00.000`. */
const CLICKHOUSE_INSTANT = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/;

function instantOf(value: unknown): string | undefined {
  const text = textOf(value)?.replace(CLICKHOUSE_INSTANT, "$1T$2Z");
  if (text === undefined) return undefined;
  const instant = new Date(text);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}
