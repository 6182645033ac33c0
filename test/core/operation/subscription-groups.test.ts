import { describe, expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { planOperation, type SubscriptionPlan } from "../../../src/core/operation/plan-operation.ts";
import { prepareDocument, socketDocumentLimits } from "../../../src/core/operation/prepare-document.ts";
import type { SubscriptionField } from "../../../src/core/operation/subscription-field.ts";
import {
  groupKey,
  offsetOf,
  type Payload,
  SubscriptionGroups,
} from "../../../src/core/operation/subscription-groups.ts";
import { OPEN_VIEWER, type Viewer } from "../../../src/core/permissions/viewer.ts";
import { nextFrameHead } from "../../../src/core/protocol/next-frame.ts";
import type { StoredOperation } from "../../../src/core/protocol/session.ts";
import type { Message, RecordEvent } from "../../../src/core/pubsub/message.ts";
import { NO_STREAMS } from "../../support/new-streams.ts";
import { payloadsIn } from "../../support/payloads-in.ts";

const AT = Date.parse("2026-09-01T00:00:00.000Z");
const DOCUMENT = "subscription ($input: OnDbEventInput!) { onDbEvent(input: $input) { record } }";

type Operation = Omit<StoredOperation, "order">;

/** The real field, counting how often the record of a value is looked at: once per execution. */
class CountingField {
  executions = 0;
  readonly field: SubscriptionField;

  constructor() {
    const real = catalogue.subscriptions.get("onDbEvent");
    if (real === undefined) throw new Error("The catalogue has no onDbEvent.");
    const count = (record: unknown) => {
      this.executions++;
      return record;
    };
    this.field = {
      ...real,
      occurrencesIn: (message, at, scope) =>
        real.occurrencesIn(message, at, scope).map((occurrence) => ({
          ...occurrence,
          valueFor(viewer, args) {
            const value = occurrence.valueFor(viewer, args) as { readonly record: unknown } | undefined;
            return value && { ...value, record: () => count(value.record) };
          },
        })),
    };
  }
}

interface Member {
  readonly head: string;
  readonly name: string;
}

/** All subscriptions of a workspace, with members known by a name. */
class TestGroups {
  readonly counting = new CountingField();
  readonly undeliverable: [offset: number, thrown: unknown][] = [];
  readonly groups = new SubscriptionGroups<Member>({ undeliverable: (...told) => this.undeliverable.push(told) });

  join(name: string, operation: Partial<Operation> = {}, key = "open", viewer: Viewer = { ...OPEN_VIEWER, key }) {
    const whole = { document: DOCUMENT, variables: '{"input":{}}', ...operation };
    const positions = whole.resume !== undefined;
    const group = this.groups.open(groupKey(key, whole), this.#plan(whole), viewer, positions);
    const member = { head: nextFrameHead(name), name };
    group.members.add(member);
    return { group, member, leave: () => this.groups.leave(group, member) };
  }

  /** What goes to whom, in order. */
  payloads(message: Message, onSend: (name: string) => void = () => undefined) {
    const sent: (Payload & { readonly to: string })[] = [];
    const events = "events" in message ? message.events.length : 1;
    const row = { offset: 40 + events, events, at: AT, body: "" };
    this.groups.deliver({ row, message }, [this.counting.field], NO_STREAMS, positionAt, ({ name }, payload) => {
      sent.push({ to: name, ...payload });
      onSend(name);
    });
    return sent;
  }

  /** Who receives what, in order, as `name: record id`. */
  deliver(message: Message, onSend?: (name: string) => void): string[] {
    return this.payloads(message, onSend).flatMap(({ to, ...payload }) =>
      payloadsIn(payload).map(({ data }) => `${to}: ${data.onDbEvent.record.id}`),
    );
  }

  #plan({ document, operationName, variables }: Operation): SubscriptionPlan {
    const prepared = prepareDocument(catalogue.schema, document, socketDocumentLimits(DEFAULT_LIMITS));
    const named = operationName === undefined ? {} : { operationName };
    const planned = planOperation(catalogue, prepared, { ...named, variables });
    if (planned.type !== "subscription") throw new Error(`No subscription: ${JSON.stringify(planned)}`);
    return planned.plan;
  }
}

const event = (id: string, properties: Partial<RecordEvent["properties"]> = {}): RecordEvent => ({
  recordId: id,
  properties: { after: { id }, ...properties },
});
const updated = (...events: readonly RecordEvent[]): Message => ({
  kind: "record",
  objectNameSingular: "person",
  action: "updated",
  events,
});
const positionAt = (offset: number) => `position-${offset}`;
const withInput = (input: object) => ({ variables: JSON.stringify({ input }) });

describe("equal operations", () => {
  it("[OP-13] are executed once per event, whoever runs them", () => {
    const all = new TestGroups();
    for (const name of ["a", "b", "c"]) all.join(name);
    expect(all.deliver(updated(event("1"), event("2")))).toEqual(["a: 1", "a: 2", "b: 1", "b: 2", "c: 1", "c: 2"]);
    expect(all.counting.executions).toBe(2);
    expect(all.groups.size).toBe(1);
  });

  it.each<[string, Partial<Operation>, string]>([
    ["a permission class", {}, "role-1"],
    ["variables", withInput({ objectNameSingular: "person" }), "open"],
    ["positions", { resume: {} }, "open"],
    ["a document", { document: `${DOCUMENT} ` }, "open"],
    ["an operation name", { operationName: "A", document: DOCUMENT.replace("subscription", "subscription A") }, "open"],
  ])("[OP-13] are not those with %s of their own", (_, operation, permissionClass) => {
    const all = new TestGroups();
    all.join("a");
    all.join("b", operation, permissionClass);
    expect(all.deliver(updated(event("1"))).sort()).toEqual(["a: 1", "b: 1"]);
    expect(all.counting.executions).toBe(2);
    expect(all.groups.size).toBe(2);
  });

  it("[OP-13] are executed for those that were asked for, and nobody else", () => {
    const all = new TestGroups();
    all.join("a", withInput({ recordId: "1" }));
    all.join("b", withInput({ recordId: "2" }));
    expect(all.deliver(updated(event("2"), event("3")))).toEqual(["b: 2"]);
    expect(all.counting.executions).toBe(1);
  });

  it("may run twice on one socket, under ids of their own", () => {
    const all = new TestGroups();
    all.join("a");
    all.join("a too");
    expect(all.deliver(updated(event("1")))).toEqual(["a: 1", "a too: 1"]);
  });
});

describe("groupKey", () => {
  const base: Operation = { document: "d", variables: "{}" };
  it("differs for whatever differs", () => {
    const keys = [
      groupKey("open", base),
      groupKey("other", base),
      groupKey("open", { ...base, operationName: "" }),
      groupKey("open", { ...base, operationName: "null" }),
      groupKey("open", { ...base, resume: {} }),
      groupKey("open", { ...base, variables: '{"a":1}' }),
      groupKey("open", { ...base, document: '","d' }),
      groupKey('open",null', base),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("is the same for whatever else differs", () => {
    const stored = { ...base, order: 1, id: "1" };
    expect(groupKey("open", stored)).toBe(groupKey("open", { ...base }));
    expect(groupKey("open", { ...base, resume: { cursor: 1 } })).toBe(groupKey("open", { ...base, resume: {} }));
  });
});

describe("positions", () => {
  it("[RESUME-1] are those of the events, and only told where they were asked for", () => {
    const all = new TestGroups();
    all.join("with", { resume: {} });
    all.join("without");
    const payloads = all.payloads(updated(event("1"), event("2")));
    const of = (name: string) => payloads.filter(({ to }) => to === name).flatMap(payloadsIn);
    const data = (id: string) => ({ data: { onDbEvent: { record: { id } } } });
    expect(of("with")).toEqual([
      { ...data("1"), extensions: { position: "position-41" } },
      { ...data("2"), extensions: { position: "position-42" } },
    ]);
    expect(of("without")).toEqual([data("1"), data("2")]);
    expect(payloads.map(({ offset }) => offset)).toEqual([42, 42]);
  });

  it("come with the size of the payload, in bytes", () => {
    const all = new TestGroups();
    all.join("a", { resume: {} });
    const [payload] = all.payloads(updated(event("漢🚰")));
    expect(payload?.bytes).toBe(new TextEncoder().encode(payload?.tails.join("")).length);
  });

  it("count from the first event of a row to its last", () => {
    const row = { offset: 7, events: 3, at: AT, body: "" };
    expect([0, 1, 2].map((i) => offsetOf(row, i))).toEqual([5, 6, 7]);
  });
});

describe("whoever leaves", () => {
  it("hears nothing more, and the others do", () => {
    const all = new TestGroups();
    const a = all.join("a");
    all.join("b");
    a.leave();
    expect(all.deliver(updated(event("1")))).toEqual(["b: 1"]);
  });

  it("leaves nothing behind as the last one", () => {
    const all = new TestGroups();
    const [a, b] = [all.join("a"), all.join("b")];
    a.leave();
    expect(all.groups.size).toBe(1);
    b.leave();
    expect([all.groups.size, all.groups.hears(all.counting.field)]).toEqual([0, false]);
    all.join("c", withInput({ recordId: "9" }));
    expect(all.deliver(updated(event("1")))).toEqual([]);
    expect(all.counting.executions).toBe(0);
  });

  it("may leave twice without taking a later group of the same key along", () => {
    const all = new TestGroups();
    const a = all.join("a");
    a.leave();
    const b = all.join("b");
    expect(b.group).not.toBe(a.group);
    a.leave();
    expect(all.deliver(updated(event("1")))).toEqual(["b: 1"]);
  });

  it("may leave while an event is being delivered", () => {
    const all = new TestGroups();
    const leaving = ["a", "b"].map((name) => all.join(name));
    all.join("c");
    const sent = all.deliver(updated(event("1"), event("2")), () => {
      for (const { leave } of leaving) leave();
    });
    expect(sent).toEqual(["a: 1", "a: 2", "c: 1", "c: 2"]);
  });
});

it("knows whether anybody is subscribed to a field", () => {
  const all = new TestGroups();
  const heard = [all.groups.hears(all.counting.field)];
  const joined = ["a", "b"].map((name) => all.join(name, withInput({ recordId: name })));
  for (const { leave } of joined) {
    heard.push(all.groups.hears(all.counting.field));
    leave();
  }
  expect([...heard, all.groups.hears(all.counting.field)]).toEqual([false, true, true, false]);
});

it("makes a value of what each group may see, and sends nothing of what it may not", () => {
  const all = new TestGroups();
  const see: Viewer["see"] = (_, { recordId, properties }) =>
    recordId === "1" ? { recordId, properties: { after: { id: `seen ${properties.after?.["id"]}` } } } : undefined;
  all.join("a");
  all.join("b", {}, "half blind", { ...OPEN_VIEWER, key: "half blind", see });
  expect(all.deliver(updated(event("1"), event("2")))).toEqual(["a: 1", "a: 2", "b: seen 1"]);
});

it("gives an event to the other groups that one group cannot be given, and tells of it", () => {
  const all = new TestGroups();
  const broken = new Error("Nobody can see this.");
  const see: Viewer["see"] = (_, seen) => {
    if (seen.recordId === "2") throw broken;
    return seen;
  };
  all.join("a", {}, "breaks", { ...OPEN_VIEWER, key: "breaks", see });
  all.join("b");
  const sent = all.deliver(updated(event("1"), event("2"), event("3")));
  expect(sent).toEqual(["a: 1", "a: 3", "b: 1", "b: 2", "b: 3"]);
  expect(all.undeliverable).toEqual([[42, broken]]);
});

it("hands out what it has made of a message, though another field can make nothing of it", () => {
  const all = new TestGroups();
  all.join("a");
  const broken = {
    name: "broken",
    listensTo: ["record"],
    occurrencesIn: () => raise(),
  } as unknown as SubscriptionField;
  const sent: string[] = [];
  const row = { offset: 41, events: 1, at: AT, body: "" };
  const deliver = () =>
    all.groups.deliver(
      { row, message: updated(event("1")) },
      [all.counting.field, broken],
      NO_STREAMS,
      positionAt,
      ({ name }) => sent.push(name),
    );
  expect(deliver).toThrow("broken");
  expect(sent).toEqual(["a"]);
});

function raise(): never {
  throw new Error("broken");
}

it("gives each group its plan back by its key", () => {
  const all = new TestGroups();
  const { group } = all.join("a");
  expect(all.groups.get(group.key)).toBe(group);
  expect(all.groups.get("another")).toBeUndefined();
});

describe("onDbEvent", () => {
  const deliveredTo = (input: object, message: Message) => {
    const all = new TestGroups();
    all.join("a", withInput(input));
    return all.deliver(message);
  };

  it.each<[object, readonly string[]]>([
    [{}, ["a: 1"]],
    [{ action: null, objectNameSingular: null, recordId: null }, ["a: 1"]],
    [{ objectNameSingular: "person" }, ["a: 1"]],
    [{ action: "UPDATED" }, ["a: 1"]],
    [{ recordId: "1" }, ["a: 1"]],
    [{ objectNameSingular: "person", action: "UPDATED", recordId: "1" }, ["a: 1"]],
    [{ objectNameSingular: "company" }, []],
    [{ objectNameSingular: "Person" }, []],
    [{ objectNameSingular: "*" }, []],
    [{ objectNameSingular: "" }, []],
    [{ action: "CREATED" }, []],
    [{ recordId: "2" }, []],
    [{ objectNameSingular: "person", action: "UPDATED", recordId: "2" }, []],
  ])("[OP-14] hears of what fits %j", (input, sent) => {
    expect(deliveredTo(input, updated(event("1")))).toEqual(sent);
  });

  it("[OP-14] compares recordId with the id in the record, else with that of the event", () => {
    const other: RecordEvent = { recordId: "event", properties: { after: { id: "record" } } };
    expect(deliveredTo({ recordId: "record" }, updated(other))).toEqual(["a: record"]);
    expect(deliveredTo({ recordId: "event" }, updated(other))).toEqual([]);
    const without: RecordEvent = { recordId: "event", properties: { after: { id: null } } };
    expect(deliveredTo({ recordId: "event" }, updated(without))).toEqual(["a: null"]);
  });

  it("[OP-15] gives the record after the change, or before it where there is no after", () => {
    expect(deliveredTo({}, updated(event("new", { before: { id: "old" } })))).toEqual(["a: new"]);
    expect(deliveredTo({}, updated({ recordId: "x", properties: { before: { id: "old" } } }))).toEqual(["a: old"]);
  });

  it("[OP-15] has the time of the log row as its date, and upper case actions", () => {
    const [occurrence] = new CountingField().field.occurrencesIn(
      updated(event("1", { updatedFields: ["a"] })),
      AT,
      NO_STREAMS,
    );
    expect(occurrence).toMatchObject({
      topic: ["person", "UPDATED", "1"],
      event: 0,
    });
    expect(occurrence?.valueFor(OPEN_VIEWER, {})).toMatchObject({
      action: "UPDATED",
      objectNameSingular: "person",
      eventDate: "2026-09-01T00:00:00.000Z",
      updatedFields: ["a"],
    });
  });

  it.each<Message>([
    { kind: "channel", channel: "person", payload: { id: "1" } },
    { kind: "queueJob", job: { jobId: "1", state: "active", attemptsMade: 0 } },
    { kind: "metadata", metadataName: "person", type: "updated", events: [event("1")] },
  ])("hears of no $kind message", (message) => expect(deliveredTo({}, message)).toEqual([]));
});
