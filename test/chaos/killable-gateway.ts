import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { type GatewayClient, gatewayAt } from "../support/gateway.ts";
import { startWorkerd, type Workerd } from "../support/workerd.ts";
import { offsetOf } from "./accepted-log.ts";
import { sleep } from "./sleep.ts";

/** What limits would otherwise keep a run from doing often, and what would let the log go of what a slow reader misses. */
const SETTINGS = {
  REFRESH_INTERVAL_SECONDS: "0",
  MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS: "100000",
  MAX_REPLAY_BYTES_PER_MINUTE: `${1024 * 1024 * 1024}`,
  LOG_MAX_BYTES: `${8 * 1024 * 1024 * 1024}`,
  // Nothing is let go of in a day, and positions are told to the quiet every 150 events.
  LOG_MAX_AGE_SECONDS: "86400",
  LOG_MAX_EVENTS: "300",
};

/** How a response is cut off whose client may not have what waits for it; the runtime calls that uncaught. */
const CUT_OFF = "The response was ended.";

/** A process that dies and comes back with the storage that it left. */
export class KillableGateway {
  readonly #storageDir: string;
  #workerd: Workerd | undefined;
  #open: Promise<void> = Promise.resolve();
  /** Lines of the process that tell of an exception that nobody caught. */
  readonly uncaught: string[] = [];

  constructor(storageDir: string) {
    this.#storageDir = storageDir;
  }

  get client(): GatewayClient {
    return gatewayAt(this.#workerd?.url ?? "");
  }

  /** Resolves when publishing may go on: not between a kill and the look at what is durable. */
  get open(): Promise<void> {
    return this.#open;
  }

  async start(): Promise<void> {
    this.#workerd = await startWorkerd({ storageDir: this.#storageDir, bindings: SETTINGS, verbose: true });
  }

  /** @param look is called when it is back, before anything more is published */
  async killAndStart(look: () => Promise<void>): Promise<void> {
    let open: () => void = () => undefined;
    this.#open = new Promise((resolve) => {
      open = resolve;
    });
    await this.kill();
    await this.start();
    await look();
    open();
  }

  async kill(): Promise<void> {
    this.#workerd?.kill("SIGKILL");
    await this.#workerd?.exited;
    const lines = (this.#workerd?.output() ?? "").split("\n");
    const uncaught = lines.filter((line) => line.includes("uncaught exception"));
    this.uncaught.push(...uncaught.filter((line) => !line.includes(CUT_OFF)));
  }

  /** The head of a workspace's log: all up to there is durable. */
  async headOf(workspaceId: string): Promise<number> {
    const { position } = await this.untilAnswered(workspaceId);
    return position === undefined ? 0 : offsetOf(String(position));
  }

  /** Asks an admin route until it answers; the gateway may just be down. */
  async untilAnswered(path: string, body?: object, method = "POST"): Promise<Record<string, unknown>> {
    for (;;) {
      const headers = { Authorization: `Bearer ${DEV_BINDINGS.ADMIN_SECRETS}` };
      const init = body === undefined ? { headers } : { headers, method, body: JSON.stringify(body) };
      const response = await fetch(`${this.client.url}/admin/workspaces/${path}`, init).catch(() => undefined);
      const answer = response?.ok ? await response.json().catch(() => undefined) : undefined;
      if (answer !== undefined) return answer as Record<string, unknown>;
      await sleep(20);
    }
  }
}
