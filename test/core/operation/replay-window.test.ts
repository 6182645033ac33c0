import { afterEach, describe, expect, it, vi } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { planOperation, type SubscriptionPlan } from "../../../src/core/operation/plan-operation.ts";
import { prepareDocument, socketDocumentLimits } from "../../../src/core/operation/prepare-document.ts";
import { ReplayWindow } from "../../../src/core/operation/replay-window.ts";
import type { SubscriptionField } from "../../../src/core/operation/subscription-field.ts";
import { type LoggedMessage, SubscriptionGroups } from "../../../src/core/operation/subscription-groups.ts";
import { OPEN_VIEWER, type Viewer } from "../../../src/core/permissions/viewer.ts";
import type { Message } from "../../../src/core/pubsub/message.ts";
import type { LogRow } from "../../../src/core/pubsub/replay-log.ts";
import { NO_STREAMS } from "../../support/new-streams.ts";
import { payloadsIn } from "../../support/payloads-in.ts";
import { undeliverable } from "../../support/undeliverable.ts";

const AT = Date.parse("2026-09-01T00:00:00.000Z");
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
const positionAt = (offset: number) => `position-${offset}`;
const read = (row: LogRow): LoggedMessage => ({ row, message: JSON.parse(row.body) as Message });

function planOf(input: object): SubscriptionPlan {
  const document = "subscription ($input: OnDbEventInput!) { onDbEvent(input: $input) { record eventDate } }";
  const prepared = prepareDocument(catalogue.schema, document, socketDocumentLimits(DEFAULT_LIMITS));
  const planned = planOperation(catalogue, prepared, { variables: JSON.stringify({ input }) });
  if (planned.type !== "subscription") throw new Error("No subscription.");
  return planned.plan;
}

function ownPartsOf({ document, operation, args, execution, projection }: SubscriptionPlan) {
  return { document, operation, args, execution, projection };
}

/** Rows as a log would have them, one per list of record ids. */
function rowsOf(...messages: readonly (readonly string[])[]): LogRow[] {
  let offset = 0;
  return messages.map((ids, i) => {
    offset += ids.length;
    const events = ids.map((id) => ({ recordId: id, properties: { after: { id } } }));
    const message: Message = { kind: "record", objectNameSingular: "person", action: "updated", events };
    return { offset, events: ids.length, at: AT + i, body: JSON.stringify(message) };
  });
}

const ROWS = rowsOf(["a"], ["b", "c", "b"], ["a", "b"]);
const windowOf = (rows: readonly LogRow[], after: number) =>
  new ReplayWindow({ workspaceId: "w", ...NO_STREAMS, read, positionAt }, after, rows, after);
const replay = (input: object, after: number, rows: readonly LogRow[] = ROWS, maxBytes = NO_LIMIT) =>
  windowOf(rows, after).page({ key: JSON.stringify(input), plan: planOf(input), viewer: OPEN_VIEWER }, after, maxBytes);
const idsOf = ({ payloads }: ReturnType<typeof replay>) =>
  payloads.map((payload) => `${payloadsIn(payload)[0].data.onDbEvent.record.id}${payload.offset}`);

afterEach(() => vi.restoreAllMocks());

describe("ReplayWindow", () => {
  it("[RESUME-3] gives what comes after an offset, also from the middle of a row", () => {
    expect([0, 1, 2, 4, 5, 6].map((after) => idsOf(replay({}, after)).join(" "))).toEqual([
      "a1 b2 c3 b4 a5 b6",
      "b2 c3 b4 a5 b6",
      "c3 b4 a5 b6",
      "a5 b6",
      "b6",
      "",
    ]);
  });

  it("ends between two events of a row when that is large, and goes on there", () => {
    const page = replay({}, 1, ROWS, 1);
    expect([idsOf(page), page.upTo]).toEqual([["b2"], 2]);
    expect(idsOf(replay({}, page.upTo, ROWS, 1))).toEqual(["c3"]);
    // What follows it in its row is nothing for the operation, but is not known to be nothing yet.
    expect(replay({ recordId: "c" }, 1, ROWS, 1).upTo).toBe(6);
  });

  it("gives what the operation asks for, and comes as far when that is nothing", () => {
    expect(idsOf(replay({ recordId: "b" }, 0))).toEqual(["b2", "b4", "b6"]);
    expect(replay({ objectNameSingular: "company" }, 0)).toEqual({ payloads: [], upTo: 6 });
    expect(replay({}, 3, [])).toEqual({ payloads: [], upTo: 3 });
  });

  it.each([
    [{}, 6],
    [{ recordId: "b" }, 3],
    [{ action: "UPDATED", recordId: "a" }, 2],
    [{ objectNameSingular: "person" }, 6],
    [{ objectNameSingular: "person", action: "UPDATED", recordId: "c" }, 1],
    [{ action: "DELETED" }, 0],
  ])("[RESUME-4] gives to the byte what was delivered live (%j)", (input, count) => {
    // With no room for a second event, each is handed out by itself, as a page has it.
    const groups = new SubscriptionGroups<{ head: string }>({ undeliverable, maxPayloadBytes: 1 });
    const live: unknown[] = [];
    const plan = planOf(input);
    groups.open("key", plan, OPEN_VIEWER, true).members.add({ head: "" });
    for (const row of ROWS)
      groups.deliver(read(row), [plan.field], NO_STREAMS, positionAt, (_, payload) => live.push(payload));
    expect(replay(input, 0).payloads).toEqual(live);
    expect(live).toHaveLength(count);
  });

  it("executes once for equal operations, wherever they are, and apart for those that may see something else", () => {
    const window = windowOf(ROWS, 0);
    const page = (key: string, after: number) => {
      return window.page({ key, plan: planOf({ recordId: "b" }), viewer: OPEN_VIEWER }, after, NO_LIMIT).payloads;
    };
    const [first, second, third] = page("one", 0);
    expect(page("one", 2).map((payload) => [second, third].indexOf(payload))).toEqual([0, 1]);
    expect(page("other", 0)[0]).toEqual(first);
    expect(page("other", 0)[0]).not.toBe(first);
  });

  it("gives large payloads as well, of which it keeps no more than some", () => {
    const rows = rowsOf(["a".repeat(3_000_000)], ["b".repeat(3_000_000)], ["c"]);
    const window = windowOf(rows, 0);
    const operation = { key: "one", plan: planOf({}), viewer: OPEN_VIEWER };
    const offsets = () => window.page(operation, 0, NO_LIMIT).payloads.map(({ offset }) => offset);
    expect([offsets(), offsets()]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it("does not keep what callers of ever more permission classes see of an event", () => {
    const window = windowOf(ROWS, 0);
    const plan = planOf({});
    const seenBy = (key: string) => {
      const seen: unknown[] = [];
      const see: Viewer["see"] = (_, event) => {
        seen.push(event);
        return event;
      };
      window.page({ key, plan, viewer: { ...OPEN_VIEWER, key, see } }, 0, NO_LIMIT);
      return seen;
    };
    const [first, ...others] = Array.from({ length: 9 }, (_, i) => seenBy(`class ${i}`));
    expect(others.map((seen) => seen[0] === first?.[0])).toEqual([...Array(7).fill(true), false]);
    expect(others.at(-1)).toEqual(first);
    expect(others.at(-1)).toHaveLength(6);
  });

  it("looks at no more rows for an event stream than the page has", () => {
    const looked: number[] = [];
    const field: SubscriptionField = {
      ...planOf({}).field,
      streamOf: () => "stream",
      occurrencesIn: (_, at) => {
        looked.push(at - AT);
        return [{ topic: ["stream"], event: 0, valueFor: () => null }];
      },
    };
    const plan: SubscriptionPlan = { ...ownPartsOf(planOf({})), field, interest: ["stream"] };
    const window = windowOf(rowsOf(["a"], ["b"], ["c"], ["d"]), 0);
    const page = window.page({ key: "one", plan, viewer: OPEN_VIEWER }, 1, 1);
    expect([page.payloads.length, page.upTo, looked]).toEqual([1, 2, [1, 2]]);
  });

  it("ends with the event that fills it", () => {
    const [first] = replay({}, 0).payloads;
    const one = first?.bytes ?? 0;
    expect(replay({}, 0, ROWS, 1).upTo).toBe(1);
    expect(replay({}, 0, ROWS, one).upTo).toBe(1);
    const page = replay({}, 0, ROWS, one + 1);
    expect([idsOf(page), page.upTo]).toEqual([["a1", "b2"], 2]);
  });

  it("leaves out rows of another kind", () => {
    const channel: LogRow = { offset: 1, events: 1, at: AT, body: '{"kind":"channel","channel":"person","payload":1}' };
    expect(replay({}, 0, [channel])).toEqual({ payloads: [], upTo: 1 });
  });

  it.each(["{", "null", '{"kind":"record"}', '{"kind":"record","events":[null]}'])(
    "[RESUME-7] leaves out a row that cannot be delivered (%s), logs it and goes on",
    (body) => {
      const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
      const rows = ROWS.map((row) => (row.offset === 4 ? { ...row, body } : row));
      const page = replay({}, 0, rows);
      expect([idsOf(page), page.upTo]).toEqual([["a1", "a5", "b6"], 6]);
      expect(error).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ offset: 4 }));
    },
  );
});
