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
import { identityOf, type Principal } from "../../src/core/principal.ts";
import type { LogRow } from "../../src/core/pubsub/replay-log.ts";
import type { EventStreams } from "../../src/core/streams/event-streams.ts";
import { undeliverable } from "../support/undeliverable.ts";

afterEach(() => vi.restoreAllMocks());

const ROW: LogRow = { offset: 12, events: 3, at: 0, body: '{"kind":"channel","channel":"x","payload":1}' };

const FIELD = { name: "x", listensTo: ["channel"] } as unknown as SubscriptionField;

/** Groups that have a payload for each of some operations, in this order. */
class ScriptedGroups extends SubscriptionGroups<RunningOperation> {
  readonly #payloads: readonly (readonly [RunningOperation, number, ReadonlySet<string>?])[];
  readonly #bytes: number;

  constructor(payloads: readonly (readonly [RunningOperation, number, ReadonlySet<string>?])[], bytes: number) {
    super({ undeliverable });
    this.#bytes = bytes;
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
      send(operation, { tails: ["{}}"], bytes: this.#bytes, offset, ...(recipients !== undefined && { recipients }) });
    }
  }
}

function operationOf(queue: (payload: Payload) => void = () => undefined, principal: Partial<Principal> = {}) {
  const connection = {
    state: { principal },
    get identity() {
      return identityOf(principal as Principal);
    },
    closed: false,
    tokenExpiresAt: 1,
    turnBytes: 0,
    queue: vi.fn((_: string, payload: Payload) => {
      connection.turnBytes += payload.bytes;
      queue(payload);
    }),
    flush: vi.fn(),
  };
  return { id: "1", head: "", connection: connection as unknown as Connection } as RunningOperation;
}

function deliver(
  payloads: readonly (readonly [RunningOperation, number, ReadonlySet<string>?])[],
  isTooSlow = false,
  close = vi.fn(),
  bytes = 3,
) {
  const slowReaders = { isTooSlow: () => isTooSlow, fallBehind: vi.fn() };
  const delivery = new Delivery({
    workspaceId: "w",
    fields: [FIELD],
    groups: new ScriptedGroups(payloads, bytes),
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

it("[SLOW-6] the sockets of one caller are sent so much in a turn, however many there are, and no others pay for it", () => {
  const socketsOf = (principal: Partial<Principal>) =>
    Array.from({ length: 5 }, () => operationOf(undefined, principal));
  const many = socketsOf({ kind: "user", userWorkspaceId: "a" });
  const servers = socketsOf({ kind: "server" });
  const other = operationOf(undefined, { kind: "user", userWorkspaceId: "b" });
  const payloads = [...many, ...servers, other].map((operation) => [operation, 10] as const);
  const { close, delivery } = deliver(payloads, false, vi.fn(), 15 * 1024 * 1024);
  const reason = "More at once than a caller may be sent (MAX_UNREAD_BYTES_PER_ISOLATE)";
  const closed = many.slice(3).map(({ connection }) => [connection, { code: 1013, reason }]);
  expect(close.mock.calls).toEqual(closed);
  const queued = [...many, ...servers, other].map(({ connection }) => vi.mocked(connection.queue).mock.calls.length);
  expect(queued).toEqual([1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1]);
  // The next turn counts for itself.
  for (const { connection } of many) connection.turnBytes = 0;
  delivery.deliver([ROW], 0);
  expect(close.mock.calls.slice(closed.length)).toEqual(closed);
});
