import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileFilters } from "../../schema/event-log-filter.ts";
import type { EventLogTable } from "../../schema/event-log-record.ts";
import { BLIND_VIEWER, OPEN_VIEWER, viewerOfCaller } from "../../src/core/permissions/viewer.ts";
import type { Principal } from "../../src/core/principal.ts";
import { LOGGED_AT, received, refusedWith, USER } from "../support/field-receiver.ts";
import { OTHER_WORKSPACE, UUID, WORKSPACE } from "../support/publish-fixtures.ts";

const QUERY = `subscription ($table: EventLogTable!, $fieldFilters: [EventLogFieldFilterInput!]) {
  eventLogsLive(table: $table, fieldFilters: $fieldFilters) {
    event timestamp userId properties recordId objectMetadataId isCustom
  }
}`;
const application: Principal = {
  ...{ kind: "application", workspaceId: WORKSPACE, applicationId: UUID, issuedAt: 0, expiresAt: 1 },
};

const signup = { event: "signup", timestamp: "2026-08-31 23:59:59.500", userId: "u1", properties: { plan: "pro" } };
const login = { event: "login", userId: "u2" };

function published(table: unknown, rows: unknown) {
  return { channel: "WORKSPACE_EVENTS_CHANNEL", workspaceId: WORKSPACE, payload: { table, rows } };
}

/** The records of each result. */
function records(variables: object, messages: readonly object[], viewer = OPEN_VIEWER): unknown[] {
  return received(QUERY, variables, messages, viewer).map(
    ({ result }) => (result as { readonly data: { readonly eventLogsLive: unknown } }).data.eventLogsLive,
  );
}

const eventsOf = (...args: Parameters<typeof records>) =>
  records(...args).map((list) => (list as { readonly event: string }[]).map(({ event }) => event));

describe("eventLogsLive", () => {
  it.each(["workspaceEvent", "WORKSPACE_EVENT"])("[EVLOG-1] gets the rows of its table, published as %s", (name) => {
    expect(eventsOf({ table: "WORKSPACE_EVENT" }, [published(name, [signup, login])])).toEqual([["signup", "login"]]);
    expect(eventsOf({ table: "PAGEVIEW" }, [published(name, [signup, login])])).toEqual([]);
  });

  it.each<[string, object, readonly unknown[]]>([
    ["one of several values", { field: "event", operand: "IS", values: ["login", "x"] }, [["login"]]],
    ["none of several values", { field: "event", operand: "IS_NOT", values: ["login", "x"] }, [["signup"]]],
    ["a column that is nowhere", { field: "__proto__", operand: "IS", values: [""] }, [["signup", "login"]]],
    ["a column that holds an object", { field: "properties", operand: "IS", values: [""] }, [["signup", "login"]]],
    ["no value that a row has", { field: "userId", operand: "IS", values: ["u3"] }, []],
  ])("[EVLOG-4] passes rows by %s", (_, filter, events) => {
    const variables = { table: "WORKSPACE_EVENT", fieldFilters: [filter] };
    expect(eventsOf(variables, [published("workspaceEvent", [signup, login])])).toEqual(events);
  });

  it("[EVLOG-1] passes rows that pass every filter", () => {
    const is = (field: string, value: string) => ({ field, operand: "IS", values: [value] });
    const ask = (...fieldFilters: object[]) =>
      eventsOf({ table: "WORKSPACE_EVENT", fieldFilters }, [published("workspaceEvent", [signup, login])]);
    expect(ask(is("event", "login"), is("userId", "u2"))).toEqual([["login"]]);
    expect(ask(is("event", "login"), is("userId", "u1"))).toEqual([]);
  });

  it("[EVLOG-4] passes the same rows as comparing each with every value", () => {
    const value = fc.constantFrom<unknown>("", "a", "b", "7", 7, "true", true, null, undefined, {}, ["a"]);
    const row = fc.record({ event: value, userId: value, constructor: value }, { requiredKeys: [] });
    const filter = fc.record({
      field: fc.constantFrom("event", "userId", "constructor", "nowhere"),
      operand: fc.constantFrom("IS" as const, "IS_NOT" as const),
      values: fc.array(fc.constantFrom("", "a", "b", "7", "true", "[object Object]"), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(row), fc.array(filter, { maxLength: 3 }), (rows, filters) => {
        const expected = rows.filter((each: Readonly<Record<string, unknown>>) =>
          filters.every(({ field, operand, values }) => {
            const held = Object.entries(each).find(([name]) => name === field)?.[1];
            const text = ["string", "number", "boolean"].includes(typeof held) ? `${held}` : "";
            return values.some((one) => one === text) === (operand === "IS");
          }),
        );
        expect(rows.filter(compileFilters(filters))).toEqual(expected);
      }),
      { seed: 20261124, numRuns: 1_000 },
    );
  });

  it("[EVLOG-4] compares numbers and truth values by their text", () => {
    const fieldFilters = [
      { field: "n", operand: "IS", values: ["7"] },
      { field: "b", operand: "IS", values: ["true"] },
    ];
    const rows = [
      { event: "a", n: 7, b: true },
      { event: "b", n: 8, b: true },
    ];
    expect(eventsOf({ table: "WORKSPACE_EVENT", fieldFilters }, [published("workspaceEvent", rows)])).toEqual([["a"]]);
  });

  it("[EVLOG-2] gives an application the rows of its own, and others all", () => {
    const rows = [
      { logicFunctionName: "mine", applicationId: UUID.toUpperCase() },
      { logicFunctionName: "theirs", applicationId: OTHER_WORKSPACE },
      { logicFunctionName: "nobody's" },
    ];
    const ask = (caller: Principal, messages: readonly object[], variables: object = {}) =>
      eventsOf({ table: "APPLICATION_LOG", ...variables }, messages, viewerOfCaller(caller, OPEN_VIEWER));
    expect(ask(application, [published("applicationLog", rows)])).toEqual([["mine"]]);
    expect(ask(application, [published("applicationLog", rows.slice(1))])).toEqual([]);
    expect(ask(USER, [published("applicationLog", rows)])).toEqual([["mine", "theirs", "nobody's"]]);
  });

  it("[EVLOG-2] does not let an application share the execution of another's operation", () => {
    const other = viewerOfCaller({ ...application, applicationId: OTHER_WORKSPACE }, OPEN_VIEWER);
    const keys = [viewerOfCaller(application, OPEN_VIEWER), other, viewerOfCaller(USER, OPEN_VIEWER)];
    expect(new Set(keys.map(({ key }) => key)).size).toBe(3);
    expect(viewerOfCaller(application, BLIND_VIEWER).hasFlag("SECURITY")).toBe(false);
  });

  const bare = { userId: null, properties: null, recordId: null, objectMetadataId: null, isCustom: null };

  it.each<[EventLogTable, string, object, object]>([
    [
      "WORKSPACE_EVENT",
      "workspaceEvent",
      signup,
      { event: "signup", timestamp: "2026-08-31T23:59:59.500Z", userId: "u1", properties: { plan: "pro" } },
    ],
    ["PAGEVIEW", "pageview", { name: "home", event: "x" }, { event: "home" }],
    [
      "OBJECT_EVENT",
      "objectEvent",
      { event: "created", recordId: "r", objectMetadataId: "o", isCustom: true, timestamp: LOGGED_AT },
      { event: "created", recordId: "r", objectMetadataId: "o", isCustom: true },
    ],
    [
      "USAGE_EVENT",
      "usageEvent",
      { resourceType: "AI", userWorkspaceId: "u", quantity: 2, unit: "TOKEN", metadata: { quantity: 1, a: 1 } },
      { event: "AI", userId: "u", properties: { quantity: 2, unit: "TOKEN", a: 1 } },
    ],
    [
      "APPLICATION_LOG",
      "applicationLog",
      { logicFunctionName: "greet", level: "info", message: "hello", applicationId: UUID, executionId: null },
      { event: "greet", properties: { level: "info", message: "hello", applicationId: UUID } },
    ],
    ["WORKSPACE_EVENT", "workspaceEvent", {}, { event: "" }],
    [
      "WORKSPACE_EVENT",
      "workspaceEvent",
      { event: {}, timestamp: "yesterday", userId: 1, properties: "x", recordId: [], isCustom: "no" },
      { event: "" },
    ],
  ])("[EVLOG-3] shows a row of %s, published as %s", (table, name, row, record) => {
    const shown = { ...bare, timestamp: LOGGED_AT, ...record };
    expect(records({ table }, [published(name, [row])])).toEqual([[shown]]);
  });

  it.each<[string, object]>([
    ["no object", { ...published("", []), payload: [] }],
    ["without a table", published(undefined, [login])],
    ["with rows that are no list", published("workspaceEvent", { 0: login })],
    ["with rows that are no objects", published("workspaceEvent", [null, "x", [login]])],
    ["without rows", published("workspaceEvent", [])],
  ])("[FEED-1] does not hear of a payload that is %s", (_, message) => {
    const fine = published("workspaceEvent", [null, login]);
    expect(eventsOf({ table: "WORKSPACE_EVENT" }, [message, fine])).toEqual([["login"]]);
  });

  it("[EVLOG-5] takes so many filters and values, and no more", () => {
    const ask = (filters: number, values: number) => {
      const filter = { field: "event", operand: "IS", values: Array.from({ length: values }, String) };
      return refusedWith(QUERY, { table: "PAGEVIEW", fieldFilters: Array.from({ length: filters }, () => filter) });
    };
    expect([ask(20, 100), ask(21, 1), ask(1, 101)]).toEqual([[], ["BAD_USER_INPUT"], ["BAD_USER_INPUT"]]);
  });

  it("[FLAG-1] needs SECURITY", () => {
    const viewer = { ...BLIND_VIEWER, hasFlag: (flag: string) => flag !== "SECURITY" };
    expect(refusedWith(QUERY, { table: "PAGEVIEW" }, USER, viewer)).toEqual(["FORBIDDEN"]);
    const allowed = { ...viewer, hasFlag: (flag: string) => flag === "SECURITY" };
    expect(refusedWith(QUERY, { table: "PAGEVIEW" }, USER, allowed)).toEqual([]);
  });
});
