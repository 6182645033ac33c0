import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type BilledCounts, UNITS, type UnitName } from "../../scripts/lib/billed-counts.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { Meter } from "./support/meter.ts";
import { storedState } from "./support/stored-state.ts";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

type Workspace = ReturnType<typeof newWorkspace>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LONG_LIVED = { expiresInSeconds: 1_000_000 };
const STREAM = "subscription ($id: String!) { onEventSubscription(eventStreamId: $id) { eventStreamId } }";
const ADD_QUERY = "mutation ($input: AddQuerySubscriptionInput!) { addQueryToEventStream(input: $input) }";

let meter: Meter;

beforeAll(async () => {
  // Hours go by in here. The platform's own clock is a day behind, so that no alarm goes off by itself.
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 24 * HOUR_MS);
  meter = await Meter.start(newWorkspace());
});

/** Compares with what docs/cost.md tells. */
function expectUnit(name: UnitName, counts: BilledCounts): void {
  expect({ name, ...counts }).toEqual({ name, ...UNITS[name].counts });
}

function connect(workspace: Workspace, token: object = LONG_LIVED): Promise<WorkerdSocket> {
  return workspace.token(token).then(WorkerdSocket.connect);
}

/** Opens a socket that subscribes; resolves when the object has heard both frames. */
function subscribe(workspace: Workspace, token?: object): Promise<WorkerdSocket> {
  return meter.untilFrames(2, async () => {
    const socket = await connect(workspace, token);
    socket.subscribe("1");
    return socket;
  });
}

/** A workspace in which something was published, with sockets that are hours from anything that is due. */
async function busyWorkspace(sockets: number) {
  const workspace = newWorkspace();
  const opened: WorkerdSocket[] = [];
  for (let i = 0; i < sockets; i++) opened.push(await subscribe(workspace));
  await publish(workspace.personEvent("first"));
  await runDurableObjectAlarm(workspace.stub);
  for (const socket of opened) await socket.next();
  return { ...workspace, stub: workspace.stub, opened };
}

async function post(path: string, token: string, body: object): Promise<unknown> {
  const response = await exports.default.fetch(`http://127.0.0.1${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return response.json();
}

function publish(...messages: object[]): Promise<unknown> {
  return post("/publish", DEV_BINDINGS.PUBLISHER_SECRETS, { messages });
}

/** Publishes, and waits for the last of the events at each socket. */
async function deliver(
  { opened }: { readonly opened: readonly WorkerdSocket[] },
  events: number,
  ...messages: object[]
) {
  await publish(...messages);
  for (const socket of opened)
    for (let i = 0; i < events; i++) expect(await socket.next()).toMatchObject({ type: "next" });
}

function resumeAfter(position: string | undefined) {
  const extensions = { resume: position === undefined ? {} : { after: position } };
  return { type: "subscribe", id: "1", payload: { query: ON_DB_EVENT, variables: { input: {} }, extensions } };
}

describe("what is billed for a socket", () => {
  it("is an upgrade and two frames, and no row while another socket's alarm is set", async () => {
    const workspace = newWorkspace();
    expectUnit("connectFirst", await meter.measure(() => subscribe(workspace)));
    expectUnit("connect", await meter.measure(() => subscribe(workspace)));
    expectUnit("initAlarm", await meter.measure(() => runDurableObjectAlarm(workspace.stub)));
  });

  it("is the same when the token comes in connection_init", async () => {
    const workspace = newWorkspace();
    await subscribe(workspace);
    const token = await workspace.token(LONG_LIVED);
    const relayed = await meter.measure(() =>
      meter.untilFrames(2, async () => {
        const socket = await WorkerdSocket.open(undefined);
        socket.send({ type: "connection_init", payload: { Authorization: `Bearer ${token}` } });
        expect(await socket.next()).toEqual({ type: "connection_ack" });
        socket.subscribe("1");
      }),
    );
    expectUnit("connectRelayed", relayed);
  });

  it("is a row for an operation that does not fit its attachment", async () => {
    const { opened } = await busyWorkspace(1);
    const large = `${ON_DB_EVENT} # ${"x".repeat(14_000)}`;
    const spilled = () => meter.untilFrames(1, async () => opened[0]?.subscribe("large", {}, large));
    expectUnit("spill", await meter.measure(spilled));
  });

  it("is a frame when it closes", async () => {
    const workspace = newWorkspace();
    const socket = await subscribe(workspace);
    expectUnit("close", await meter.measure(() => meter.untilFrames(1, async () => socket.close())));
  });

  it("is no row when it resumes, and a row read for each message that it missed", async () => {
    const workspace = newWorkspace();
    const socket = await connect(workspace);
    socket.send(resumeAfter(undefined));
    const { payload } = (await socket.next()) as { payload: { position: { position: string } } };
    await publish(...Array.from({ length: 10 }, () => workspace.personEvent("ada")));
    const resumed = await meter.measure(async () => {
      const again = await connect(workspace);
      again.send(resumeAfter(payload.position.position));
      for (let i = 0; i < 10; i++) expect(await again.next()).toMatchObject({ type: "next" });
    });
    expectUnit("resume", resumed);
  });

  it("is two alarms and a frame when a token is refreshed", async () => {
    const workspace = await busyWorkspace(1);
    const socket = await subscribe(workspace, { expiresInSeconds: 300 });
    // That of its `connection_init`.
    await runDurableObjectAlarm(workspace.stub);
    const refreshed = await meter.measure(async () => {
      vi.setSystemTime(meter.alarmAt);
      await runDurableObjectAlarm(workspace.stub);
      expect(await socket.next()).toMatchObject({ type: "ping" });
      socket.send({ type: "ping", payload: { accessToken: await workspace.token(LONG_LIVED) } });
      expect(await socket.next()).toMatchObject({ type: "pong" });
      vi.setSystemTime(meter.alarmAt);
      await runDurableObjectAlarm(workspace.stub);
    });
    expectUnit("refresh", refreshed);
  });
});

describe("what is billed for a publish", () => {
  it("is the same however many sockets it reaches, and however many events are in its message", async () => {
    const one = await busyWorkspace(1);
    expectUnit("publish", await meter.measure(() => deliver(one, 1, one.personEvent("ada"))));
    const many = await busyWorkspace(20);
    expectUnit("publishToMany", await meter.measure(() => deliver(many, 1, many.personEvent("ada"))));
    const events = Array.from({ length: 50 }, () => one.personEvent("ada").events).flat();
    expectUnit("publishEvents", await meter.measure(() => deliver(one, 50, one.personEvent("ada", { events }))));
    const messages = Array.from({ length: 50 }, () => one.personEvent("ada"));
    expectUnit("publishMessages", await meter.measure(() => deliver(one, 50, ...messages)));
  });

  it("is the making of tables when it is the first", async () => {
    const workspace = newWorkspace();
    await subscribe(workspace);
    expectUnit("publishFirst", await meter.measure(() => publish(workspace.personEvent("ada"))));
  });

  it("is more rows read when the object was hibernated", async () => {
    const workspace = await busyWorkspace(20);
    await evictDurableObject(workspace.stub);
    const { publish: awake } = UNITS;
    const woken = await meter.measure(() => deliver(workspace, 1, workspace.personEvent("ada")));
    const more = Object.entries(woken).map(([name, count]) => [name, count - awake.counts[name as keyof BilledCounts]]);
    expectUnit("wake", Object.fromEntries(more) as BilledCounts);
  });

  it("is more rows written when the log is full", async () => {
    const workspace = await busyWorkspace(0);
    const events = Array.from({ length: 1000 }, () => workspace.personEvent("ada").events).flat();
    const fill = () => publish(workspace.personEvent("ada", { events }));
    for (let i = 0; i < 11; i++) await fill();
    vi.setSystemTime(Date.now() + HOUR_MS);
    await fill();
    expectUnit("publishTrimming", await meter.measure(fill));
  });

  it("is one row more for a message of the queue, whose id is remembered for longer", async () => {
    const workspace = await busyWorkspace(0);
    const events = Array.from({ length: 1000 }, () => workspace.personEvent("ada").events).flat();
    const fromQueue = () => workspace.sendFromQueue(workspace.personEvent("ada", { events }));
    for (let i = 0; i < 11; i++) await fromQueue();
    vi.setSystemTime(Date.now() + HOUR_MS);
    // Two of the queue leave the log, then one more.
    await fromQueue();
    const { rowsWritten } = UNITS.publishTrimming.counts;
    expect((await meter.measure(fromQueue)).rowsWritten).toBe(rowsWritten);
    vi.setSystemTime(Date.now() + 5 * 24 * HOUR_MS);
    // Besides a row for each of the three ids, one tells when positions were last reported.
    expect((await meter.measure(fromQueue)).rowsWritten).toBe(rowsWritten + 3 + 1);
    expect((await meter.measure(fromQueue)).rowsWritten).toBe(rowsWritten);
  });
});

describe("what is billed for an hour in which nothing happens", () => {
  it("is nothing for pings", async () => {
    const { stub, opened } = await busyWorkspace(1);
    const [socket] = opened;
    await evictDurableObject(stub);
    const pinged = await meter.measure(async () => {
      for (let i = 0; i < 360; i++) socket?.send('{"type":"ping"}');
      for (let i = 0; i < 360; i++) expect(await socket?.next()).toEqual({ type: "pong" });
    });
    expectUnit("pings", pinged);
  });

  it.each([1, 20])("is six alarms for %i sockets that ping", async (sockets) => {
    expectUnit("idleWithPings", await idleHour(sockets, { pings: true }));
  });

  it("is at most an alarm a minute for sockets that do not", async () => {
    expectUnit("idleWithoutPings", await idleHour(1, { pings: false }));
    expectUnit("idleManyWithoutPings", await idleHour(20, { pings: false }));
  });

  /** Goes from alarm to alarm for an hour, the object hibernating in between. The sockets came over half an hour. */
  async function idleHour(sockets: number, { pings }: { readonly pings: boolean }): Promise<BilledCounts> {
    const workspace = newWorkspace();
    const opened: WorkerdSocket[] = [];
    // Silent sockets are asked at full minutes, so that where the hour begins would matter.
    vi.setSystemTime(Math.ceil(Date.now() / HOUR_MS) * HOUR_MS);
    for (let i = 0; i < sockets; i++) {
      opened.push(await subscribe(workspace));
      vi.setSystemTime(Date.now() + (30 * MINUTE_MS) / sockets);
    }
    await publish(workspace.personEvent("first"));
    for (const socket of opened) await socket.next();
    await pretendPings(workspace, pings ? 5_000 : undefined);
    await alarmsUntil(workspace, opened, Date.now() + 30 * MINUTE_MS);
    return meter.measure(() => alarmsUntil(workspace, opened, Date.now() + HOUR_MS));
  }

  async function alarmsUntil({ stub }: Workspace, opened: readonly WorkerdSocket[], end: number): Promise<void> {
    while (meter.alarmAt <= end) {
      await evictDurableObject(stub);
      vi.setSystemTime(Math.max(Date.now(), meter.alarmAt));
      await runDurableObjectAlarm(stub);
      const asked = await countAsked(stub);
      await meter.untilFrames(asked, async () => {
        for (let left = asked; left > 0; ) left -= await answerPings(opened);
      });
    }
    vi.setSystemTime(end);
  }

  /** How many sockets have been sent a ping that they have not answered. */
  function countAsked(stub: Workspace["stub"]): Promise<number> {
    return runInDurableObject(stub, (_, state) => {
      return state.getWebSockets().filter((socket) => storedState(socket)?.answerBy !== undefined).length;
    });
  }

  /** Answers the pings that have come, as stock clients do. Returns how many there were. */
  async function answerPings(opened: readonly WorkerdSocket[]): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const asked = opened.filter((socket) => socket.take().length > 0);
    for (const socket of asked) socket.send({ type: "pong" });
    return asked.length;
  }

  /** Lets every socket look as if the platform had answered a ping of it so long ago: its own clock does not go by. */
  function pretendPings({ stub }: Workspace, agoMs: number | undefined): Promise<void> {
    return runInDurableObject(stub, (_, state) => {
      const methods = Object.getPrototypeOf(state) as Pick<DurableObjectState, "getWebSocketAutoResponseTimestamp">;
      methods.getWebSocketAutoResponseTimestamp = () => (agoMs === undefined ? null : new Date(Date.now() - agoMs));
    });
  }
});

describe("what is billed for an event stream", () => {
  it("is a row for the stream, and two for each of its queries", async () => {
    const workspace = await busyWorkspace(1);
    const [socket] = workspace.opened;
    const token = await workspace.token(LONG_LIVED);
    const input = (queryId: string) => ({
      ...{ eventStreamId: "stream", queryId },
      operationSignature: { objectNameSingular: "person", variables: {} },
    });
    const ask = (id: string, query: string, variables: object) => async () => {
      socket?.send({ type: "subscribe", id, payload: { query, variables } });
      expect(await socket?.next()).toMatchObject({ id, type: "next" });
    };
    expectUnit("stream", await meter.measure(ask("2", STREAM, { id: "stream" })));
    const overHttp = () => post("/graphql", token, { query: ADD_QUERY, variables: { input: input("a") } });
    expectUnit("streamQueryOverHttp", await meter.measure(overHttp));
    expectUnit("streamQuery", await meter.measure(ask("3", ADD_QUERY, { input: input("b") })));
    const asked = () => post("/graphql", token, { query: "{ __typename }" });
    expectUnit("httpQuery", await meter.measure(asked));
  });
});

it("the alarm is set once for all that it looked at", async () => {
  const workspace = newWorkspace();
  // Each newer socket has less time left than the one before.
  for (let i = 0; i < 10; i++) await subscribe(workspace, { expiresInSeconds: 500 - 10 * i });
  const { rowsWritten } = await meter.measure(() => runDurableObjectAlarm(workspace.stub));
  expect(rowsWritten).toBe(1);
});
