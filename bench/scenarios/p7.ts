import { setTimeout as sleep } from "node:timers/promises";
import { type Attachment, packAttachment } from "../../durable-objects/attachment.ts";
import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { withOperation } from "../../src/core/protocol/session.ts";
import { wantOf } from "../../src/core/pubsub/sleepers.ts";
import { type Audience, openAudience } from "../lib/audience.ts";
import { buildControl, buildGateway } from "../lib/build.ts";
import { WATCHED_PERSON } from "../lib/crm-event.ts";
import { type Publish, publishPersons, sendFrames } from "../lib/publishing.ts";
import type { BenchOptions, Round, Row, RowName, Scenario } from "../lib/scenario.ts";
import type { Server } from "../lib/server.ts";
import { startInTurn } from "../lib/start-order.ts";
import { type BuiltWorker, startWorker } from "../lib/workerd.ts";

/** The runtime evicts an object to which nothing happens for 10 s. */
const UNTIL_EVICTED_MS = 11_000;
/** The gateway sets an alarm for sockets that say nothing after they were opened, and is awake once more for it. */
const UNTIL_ALARM_MS = 10_500;

/** A workspace in which everybody has a record open, and nothing happens for a while. */
export const p7: Scenario = {
  id: "P7",
  title: "hibernated sockets, each watching a record of its own; the first event after the wake matches one",
  rows: { control: "a bare object whose constructor reads all attachments, which hold what Sluice's do" },
  figures: [
    { key: "cpu", label: "server CPU per subscription of a wake", unit: "µs", goals: { control: 1.5 }, atMost: 30 },
    { key: "cold", label: "the same of the first wake of a process, before it has settled", unit: "µs" },
    { key: "latency", label: "publish to receive, of the first event", unit: "ms" },
    { key: "awake", label: "server CPU of the event after it, per subscription", unit: "µs" },
    { key: "memory", label: "server memory per connection", unit: "KiB" },
  ],
  sockets: { full: 5_000 },
  slicesPerPair: 2,
  open,
};

async function open(options: BenchOptions): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const openRow = async (worker: BuiltWorker, path: string) => {
    const server = stack.use(await startWorker(worker, { ...options, tellsBuilds: true }));
    const audience = await openAudience(server, {
      ...{ path, sockets: options.sockets, subscriptionsPerSocket: 1, subscribe: [WATCHED_PERSON] },
      ...{ receivers: "watcher", tokenIn: "subprotocol", subprotocol: "graphql-transport-ws" },
    });
    return stack.use(audience);
  };
  const [gateway, control] = await Promise.all([buildGateway(), buildControl()]);
  const vars = { ATTACHMENT: JSON.stringify(someAttachment()) };
  const { sluice, control: bare } = await startInTurn(options.pair, {
    sluice: () => openRow(gateway, "/graphql"),
    control: () => openRow({ ...control, objectClass: "BareWake", vars }, "/"),
  });

  const persons = publishPersons(sluice.server, 1, "watcher");
  const { frame } = await sluice.publish({ ...persons, calls: 1 });
  const frames = sendFrames(bare.server, 1, "watcher", frame);
  await bare.publish({ ...frames, calls: 1 });
  const rows = [wakeRow("sluice", sluice, persons, options), wakeRow("control", bare, frames, options)];
  for (const row of rows) await row.warmUp();
  const round = stack.move();
  return { rows, [Symbol.asyncDispose]: () => round.disposeAsync() };
}

interface WakeRow extends Row {
  /** The first wake, which is not like the others: it runs code that has not been compiled. */
  warmUp(): Promise<void>;
}

function wakeRow(name: RowName, audience: Audience, publish: Publish, { sockets }: BenchOptions): WakeRow {
  const { server, memory } = audience;
  let restingSince = performance.now() + UNTIL_ALARM_MS;
  let wakes = 0;
  let cold = Number.NaN;
  let total = NOTHING;
  const publishOne = async () => {
    const { cpu } = await audience.publish({ ...publish, calls: 1 });
    const { p50: latency } = await audience.latency();
    return { cpu, latency };
  };
  const wake = async () => {
    await sleep(Math.max(0, restingSince + UNTIL_EVICTED_MS - performance.now()));
    const first = await publishOne();
    const next = await publishOne();
    restingSince = performance.now();
    wakes++;
    return { ...first, awake: next.cpu };
  };
  return {
    name,
    pids: server.pids,
    async warmUp() {
      await audience.latency();
      cold = (await wake()).cpu / sockets;
    },
    async run() {
      const { cpu, awake, latency } = await wake();
      total = {
        wakes: total.wakes + 1,
        cpu: total.cpu + cpu,
        awake: total.awake + awake,
        latency: total.latency + latency,
      };
    },
    async sample() {
      assertWakes(server, wakes);
      const { cpu, awake, latency } = total;
      const subscriptions = total.wakes * sockets;
      const perWake = { cpu: cpu / subscriptions, awake: awake / subscriptions, latency: latency / total.wakes };
      total = NOTHING;
      return { ...perWake, cold, memory };
    },
  };
}

const NOTHING = { wakes: 0, cpu: 0, awake: 0, latency: 0 };

/** The object is built when the first socket comes, and by every wake; otherwise it was awake, or woke for nothing. */
function assertWakes({ objectBuilds }: Server, wakes: number): void {
  const built = objectBuilds?.();
  if (built !== wakes + 1) throw new Error(`The object was built ${built} times, for ${wakes} wakes.`);
}

/** What the attachment of one of the gateway's sockets holds. */
function someAttachment(): Attachment {
  const now = Date.now();
  const id = crypto.randomUUID();
  const { query: document, variables } = WATCHED_PERSON;
  const operation = { document, variables: JSON.stringify(variables), order: 1 };
  const subscribeRate = { tokens: 199, at: now };
  const session = withOperation(
    { state: "ready", operations: new Map(), subscribeRate },
    crypto.randomUUID(),
    operation,
  );
  const seconds = Math.floor(now / 1000);
  const facts = { workspaceId: DEV_WORKSPACE_ID, issuedAt: seconds, expiresAt: seconds + 3600 };
  const principal = { kind: "user", ...facts, userId: id, userWorkspaceId: id } as const;
  const state = { id, principal, session, seenAt: now, batches: false, warned: false };
  const { objectNameSingular, action, recordId } = variables.input;
  const wants = [wantOf("onDbEvent", [objectNameSingular, action, recordId])];
  return packAttachment(state, new Set(), { version: crypto.randomUUID(), wants });
}
