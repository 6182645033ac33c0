import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { buildControl, buildGateway } from "../lib/build.ts";
import { personUpdatedBody } from "../lib/crm-event.ts";
import { type Load, startLoad } from "../lib/load.ts";
import type { Delivery, PublishOptions } from "../lib/load-commands.ts";
import { cpuMicros, residentBytes } from "../lib/process-usage.ts";
import type { BenchOptions, Row, RowName, Scenario } from "../lib/scenario.ts";
import { startWorker, type WorkerServer } from "../lib/workerd.ts";

/** The same operation on every socket, one event per publish: what a workspace whose users look at one list does. */
export const p1: Scenario = {
  id: "P1",
  title: "the same operation on every socket, one event per publish",
  figures: [
    { key: "cpu", label: "server CPU per delivered message", unit: "µs" },
    { key: "rate", label: "delivered per second", unit: "messages/s" },
    { key: "p50", label: "publish to receive, p50", unit: "ms" },
    { key: "p95", label: "publish to receive, p95", unit: "ms" },
    { key: "p99", label: "publish to receive, p99", unit: "ms" },
    { key: "memory", label: "server memory per connection", unit: "KiB" },
    { key: "bytes", label: "size of a message", unit: "bytes" },
  ],
  goals: { control: 1.1 },
  goalSockets: 2_000,

  async open(options) {
    await using stack = new AsyncDisposableStack();
    const [gatewayWorker, controlWorker] = await Promise.all([buildGateway(), buildControl()]);
    const gateway = stack.use(await startWorker(gatewayWorker, options));
    const control = stack.use(await startWorker(controlWorker, options));
    const gatewayLoad = stack.use(startLoad());
    const controlLoad = stack.use(startLoad());

    const gatewayMemory = await connect(gatewayLoad, gateway, options);
    const controlMemory = await connect(controlLoad, control, options);
    const toGateway = {
      url: `http://${gateway.host}/publish`,
      headers: { Authorization: `Bearer ${DEV_BINDINGS.PUBLISHER_SECRETS}`, "Content-Type": "application/json" },
      body: personUpdatedBody(DEV_WORKSPACE_ID),
    };
    const { message } = await warmUp(gatewayLoad, toGateway, options);
    // The control sends what the gateway sent, byte for byte but for the sequence number.
    const toControl = { url: `http://${control.host}/`, headers: {}, body: message };
    await warmUp(controlLoad, toControl, options);

    const events = eventsFor("slice", options);
    const rows = [
      fanoutRow("sluice", gateway, gatewayLoad, { ...toGateway, events }, gatewayMemory),
      fanoutRow("control", control, controlLoad, { ...toControl, events }, controlMemory),
    ];
    const round = stack.move();
    return { rows, [Symbol.asyncDispose]: () => round.disposeAsync() };
  },
};

const MESSAGES = { full: { warmUp: 20_000, slice: 4_000 }, quick: { warmUp: 4_500, slice: 600 } } as const;

const SUBSCRIBE = {
  query: `subscription Persons($input: OnDbEventInput!) {
  onDbEvent(input: $input) {
    action
    objectNameSingular
    eventDate
    record
    updatedFields
  }
}`,
  variables: { input: { objectNameSingular: "person", action: "UPDATED" } },
};

/** Opens all sockets. Returns what one takes of the server's memory, the first tenth not counted: it pays for the start. */
async function connect(load: Load, { host, pid }: WorkerServer, { sockets }: BenchOptions): Promise<number> {
  const { APP_SECRET: appSecret } = DEV_BINDINGS;
  const where = { host, path: "/graphql", appSecret, workspaceId: DEV_WORKSPACE_ID, subscribe: SUBSCRIBE };
  const first = Math.ceil(sockets / 10);
  await load.connect({ ...where, sockets: first });
  const before = residentBytes(pid);
  await load.connect({ ...where, sockets: sockets - first });
  return (residentBytes(pid) - before) / (sockets - first) / 1024;
}

/** Also forgets the latencies of the time before the code was optimised. */
async function warmUp(load: Load, options: Omit<PublishOptions, "events">, bench: BenchOptions): Promise<Delivery> {
  const delivery = await load.publish({ ...options, events: eventsFor("warmUp", bench) });
  await load.latency();
  return delivery;
}

function fanoutRow(name: RowName, { pid }: WorkerServer, load: Load, options: PublishOptions, memory: number): Row {
  let total = { delivered: 0, seconds: 0, cpu: 0 };
  let bytes = 0;
  return {
    name,
    pid,
    async run() {
      const before = cpuMicros(pid);
      const { delivered, seconds, message } = await load.publish(options);
      total.cpu += cpuMicros(pid) - before;
      total.delivered += delivered;
      total.seconds += seconds;
      bytes = Buffer.byteLength(message);
    },
    async sample() {
      const { cpu, delivered, seconds } = total;
      total = { delivered: 0, seconds: 0, cpu: 0 };
      return { cpu: cpu / delivered, rate: delivered / seconds, ...(await load.latency()), memory, bytes };
    },
  };
}

function eventsFor(part: "warmUp" | "slice", { quick, sockets }: BenchOptions): number {
  return Math.ceil(MESSAGES[quick ? "quick" : "full"][part] / sockets);
}
