import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { type Audience, openAudience } from "./audience.ts";
import { buildGatewayWithDoors } from "./build.ts";
import { EVERY_PERSON, personUpdatedBodies } from "./crm-event.ts";
import { startPublisher } from "./publisher.ts";
import type { BenchOptions, Row } from "./scenario.ts";
import type { Server } from "./server.ts";
import { startWorker } from "./workerd.ts";

/** The doors for Workers, measured beside the others. */
export interface Doors extends Pick<Row, "run" | "sample">, AsyncDisposable {}

/** As `max_batch_size` in wrangler.jsonc. */
const LARGEST_BATCH = 100;
const CALLS = { binding: 160, queue: 80, batch: 8 };

interface Total {
  cpu: number;
  events: number;
  seconds: number;
}

const nothing = (): Total => ({ cpu: 0, events: 0, seconds: 0 });

/**
 * A gateway whose doors for Workers another Worker of its process goes through, in place of a publisher and of the
 * platform's queue: from a request to that Worker until the service binding has answered, or a socket has the event.
 */
export async function openDoors(options: BenchOptions): Promise<Doors> {
  await using stack = new AsyncDisposableStack();
  const worker = await buildGatewayWithDoors();
  const start = async () => stack.use(await startWorker(worker, options));
  const binding = await start();
  const publisher = stack.use(startPublisher(binding));
  // Latencies are told per audience.
  const single = stack.use(await openListener(await start()));
  const batched = stack.use(await openListener(await start()));
  const through = ({ doorsHost }: Server, door: string, events: number) => {
    const body = personUpdatedBodies({ workspaceId: DEV_WORKSPACE_ID, events, ofWatched: false });
    return { url: `http://${doorsHost}/${door}`, headers: {}, eventsPerCall: events, body };
  };
  let totals = { binding: nothing(), queue: nothing(), batch: nothing() };
  const running = stack.move();
  return {
    async run() {
      const call = { ...through(binding, "binding", 1), calls: CALLS.binding, atOnce: 1 };
      const { calls, ...published } = await publisher.publish(call);
      add(totals.binding, { ...published, events: calls });
      add(totals.queue, await single.publish({ ...through(single.server, "queue", 1), calls: CALLS.queue }));
      const batch = through(batched.server, "queue", LARGEST_BATCH);
      add(totals.batch, await batched.publish({ ...batch, calls: CALLS.batch }));
    },
    async sample() {
      const { binding, queue, batch } = totals;
      totals = { binding: nothing(), queue: nothing(), batch: nothing() };
      const ofQueue = await single.latency();
      const ofBatch = await batched.latency();
      return {
        bindingCpu: binding.cpu / binding.events,
        bindingRate: binding.events / binding.seconds,
        queueCpu: queue.cpu / queue.events,
        queueP50: ofQueue.p50,
        queueP99: ofQueue.p99,
        batchCpu: batch.cpu / batch.events,
        batchP50: ofBatch.p50,
        batchP99: ofBatch.p99,
      };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function openListener(server: Server): Promise<Audience> {
  return openAudience(server, {
    sockets: 1,
    subscriptionsPerSocket: 1,
    path: "/graphql",
    subscribe: [EVERY_PERSON],
    receivers: "all",
    tokenIn: "subprotocol",
    subprotocol: "graphql-transport-ws",
  });
}

function add(total: Total, { cpu, events, seconds }: Total): void {
  total.cpu += cpu;
  total.events += events;
  total.seconds += seconds;
}
