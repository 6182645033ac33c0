import { afterEach, expect, it, vi } from "vitest";
import type { Connection } from "../../durable-objects/connection.ts";
import { Delivery } from "../../durable-objects/delivery.ts";
import type { RunningOperation } from "../../durable-objects/running-operation.ts";
import type { SlowReaders } from "../../durable-objects/slow-readers.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import type { SubscriptionPlan } from "../../src/core/operation/plan-operation.ts";
import type { Scope, SubscriptionField } from "../../src/core/operation/subscription-field.ts";
import { type LoggedMessage, type Payload, SubscriptionGroups } from "../../src/core/operation/subscription-groups.ts";
import { OPEN_VIEWER } from "../../src/core/permissions/viewer.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { LogRow } from "../../src/core/pubsub/replay-log.ts";
import type { EventStreams } from "../../src/core/streams/event-streams.ts";

afterEach(() => vi.restoreAllMocks());

const ROW: LogRow = { offset: 12, events: 3, at: 0, body: '{"kind":"channel","channel":"x","payload":1}' };

const FIELD = { name: "x", listensTo: ["channel"] } as unknown as SubscriptionField;

/** Groups that have a payload for each of some operations, in this order. */
class ScriptedGroups extends SubscriptionGroups<RunningOperation> {
  readonly #payloads: readonly (readonly [RunningOperation, number, ReadonlySet<string>?])[];

  constructor(payloads: readonly (readonly [RunningOperation, number, ReadonlySet<string>?])[]) {
    super();
    this.#payloads = payloads;
    this.open("key", { field: FIELD, interest: [] } as unknown as SubscriptionPlan, OPEN_VIEWER, false);
  }

  override deliver(
    _: LoggedMessage,
    __: readonly SubscriptionField[],
    ___: Scope,
    ____: (offset: number) => string,
    send: (member: RunningOperation, payload: Payload) => void,
  ): void {
    for (const [operation, offset, recipients] of this.#payloads) {
      send(operation, { tails: ["{}}"], bytes: 3, offset, ...(recipients !== undefined && { recipients }) });
    }
  }
}

function operationOf(queue: () => void = () => undefined, principal: Partial<Principal> = {}) {
  const connection = {
    state: { principal },
    closed: false,
    tokenExpiresAt: 1,
    turnBytes: 0,
    queue: vi.fn(queue),
    flush: vi.fn(),
  };
  return { id: "1", head: "", connection: connection as unknown as Connection } as RunningOperation;
}

function deliver(
  payloads: readonly (readonly [RunningOperation, number, ReadonlySet<string>?])[],
  isTooSlow = false,
  close = vi.fn(),
) {
  const slowReaders = { isTooSlow: () => isTooSlow, fallBehind: vi.fn() };
  const delivery = new Delivery({
    fields: [FIELD],
    groups: new ScriptedGroups(payloads),
    streams: {} as EventStreams,
    slowReaders: slowReaders as unknown as SlowReaders,
    limits: DEFAULT_LIMITS,
    positionAt: String,
    close,
  });
  delivery.deliver([ROW], 0);
  return { close, delivery, fallBehind: slowReaders.fallBehind };
}

it("a socket that cannot be served is closed 1012, and the others get the event", () => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  const broken = operationOf(() => {
    throw new Error("broken");
  });
  const [before, after] = [operationOf(), operationOf()];
  const { close } = deliver([
    [before, 10],
    [broken, 10],
    [after, 10],
  ]);
  expect([before, after].map(({ connection }) => vi.mocked(connection.queue).mock.calls.length)).toEqual([1, 1]);
  expect(close.mock.calls).toEqual([[broken.connection, { code: 1012, reason: "Service restart" }]]);
  expect(log).toHaveBeenCalledOnce();
});

it("a socket that can be neither served nor closed gets nothing more, and the others get the event", () => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  const raise = () => {
    throw new Error("broken");
  };
  const [broken, after] = [operationOf(raise), operationOf()];
  deliver(
    [
      [broken, 10],
      [after, 10],
    ],
    false,
    vi.fn(raise),
  );
  expect(vi.mocked(after.connection.queue).mock.calls).toHaveLength(1);
  expect([broken.connection.closed, log.mock.calls.length]).toEqual([true, 2]);
});

it("[SLOW-1] a slow reader goes on from the beginning of the row, whichever of its events comes first", () => {
  const slow = operationOf();
  const { fallBehind } = deliver([[slow, 12]], true);
  expect(fallBehind.mock.calls).toEqual([[slow.connection, 9, 0, "here"]]);
});

it("what is for some users reaches nobody else of the group, live or replayed", () => {
  const recipients = new Set(["a"]);
  const user = (userWorkspaceId: string) => operationOf(undefined, { kind: "user", userWorkspaceId });
  const members = [user("a"), user("b"), operationOf(undefined, { kind: "apiKey" })];
  deliver(members.map((member) => [member, 10, recipients] as const));
  const queued = () => members.map(({ connection }) => vi.mocked(connection.queue).mock.calls.length);
  expect(queued()).toEqual([1, 0, 0]);
  const { delivery } = deliver([]);
  for (const member of members) delivery.replay(member, { tails: ["{}}"], bytes: 3, offset: 11, recipients }, 0);
  expect(queued()).toEqual([2, 0, 0]);
});
