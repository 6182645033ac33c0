import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { createTestHarness } from "wrangler";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import { type SignTokenOptions, signToken } from "../../scripts/lib/sign-token.ts";
import type { WorkspaceReport } from "../../src/core/pubsub/workspace.ts";
import type { PublishAnswer } from "../../src/publish/publish-result.ts";
import { DEV_BINDINGS } from "./dev-bindings.ts";
import { startWorkerd } from "./workerd.ts";

// Without a network wrangler would wait for the data of `request.cf`, which nothing here reads.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
process.env["WRANGLER_SEND_METRICS"] = "false";

export type Example = "publisher-worker" | "queue-producer" | "dead-letters";

/** Vars and secrets on top of development's; an empty one counts as not set. */
export type SettingsOverride = Readonly<Record<string, string>>;

/** A running gateway, as a client and as an operator see it. */
export interface GatewayClient {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Of `/graphql`. */
  readonly wsUrl: string;
  /** A token of a caller in a workspace. */
  token(workspaceId: string, options?: SignTokenOptions): Promise<string>;
  /** Publishes over HTTP with the right secret. */
  publish(...messages: readonly object[]): Promise<PublishAnswer>;
  inspect(workspaceId: string): Promise<WorkspaceReport>;
  /** Waits until a report of the workspace passes a check. */
  until(workspaceId: string, what: string, check: (report: WorkspaceReport) => boolean): Promise<WorkspaceReport>;
}

export interface RunningGateway extends GatewayClient {
  /** What it has logged so far. */
  logs(): string;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly settings?: SettingsOverride;
  /** Example Workers to run beside the gateway. */
  readonly examples?: readonly Example[];
}

/** The gateway with all that wrangler puts around it. */
export interface Gateway extends RunningGateway {
  /** Takes the object of a workspace out of memory; its sockets stay open. */
  evict(workspaceId: string): Promise<void>;
  /** Asks an example Worker. */
  ask(example: Example, path: string, init?: AskInit): Promise<Answer>;
}

interface AskInit {
  readonly method?: string;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  json(): Promise<unknown>;
}

/** Starts the gateway as it runs on a developer's machine: queues, assets and eviction included. */
export async function startGateway({ settings = {}, examples = [] }: GatewayOptions = {}): Promise<Gateway> {
  const secrets = { ...blanks(), ...DEV_BINDINGS, ...settings };
  const harness = createTestHarness({
    root: ROOT,
    workers: [
      { configPath: "wrangler.jsonc", secrets },
      ...examples.map((example) => ({ configPath: join("examples", example, "wrangler.jsonc") })),
    ],
  });
  const { url } = await harness.listen();
  const client = gatewayAt(`http://127.0.0.1:${url.port}`, secrets);
  return {
    ...client,
    async evict(workspaceId) {
      // A frame that was just sent may still be on its way; asking the object lets it arrive, and wakes the object.
      await client.inspect(workspaceId);
      const object = { name: workspaceId, webSockets: "hibernate" } as const;
      await harness.getWorker("sluice").evictDurableObject("WorkspacePubSub", object);
    },
    ask: (example, path, init) => harness.getWorker(WORKER_NAMES[example]).fetch(path, init),
    logs() {
      const entries = harness.getLogs();
      return entries.map(({ level, message }) => `${level} ${message}`).join("\n");
    },
    stop: () => harness.close(),
  };
}

/**
 * Starts the gateway in the bare runtime, with an empty storage. It starts quickly, and unlike wrangler it shows every
 * exception that nobody caught among its logs.
 */
export async function startBareGateway(
  settings: SettingsOverride = {},
  { tellsWakes = false } = {},
): Promise<RunningGateway> {
  const storageDir = await mkdtemp(join(tmpdir(), "sluice-storage-"));
  const workerd = await startWorkerd({ storageDir, bindings: settings, verbose: true, tellsWakes });
  return {
    ...gatewayAt(workerd.url, settings),
    logs: workerd.output,
    async stop() {
      // A polite signal would wait for sockets that a test left open.
      workerd.kill("SIGKILL");
      await workerd.exited;
      await rm(storageDir, { recursive: true });
    },
  };
}

/** A client of a gateway that runs with development's settings, but for these. */
export function gatewayAt(url: string, settings: SettingsOverride = {}): GatewayClient {
  const { APP_SECRET, PUBLISHER_SECRETS, ADMIN_SECRETS } = { ...DEV_BINDINGS, ...settings };

  async function inspect(workspaceId: string): Promise<WorkspaceReport> {
    const headers = { Authorization: `Bearer ${ADMIN_SECRETS}` };
    const response = await fetch(`${url}/admin/workspaces/${workspaceId}`, { headers });
    if (!response.ok) throw new Error(`The workspace cannot be inspected: ${response.status} ${await response.text()}`);
    return (await response.json()) as WorkspaceReport;
  }

  return {
    url,
    wsUrl: `${url.replace("http", "ws")}/graphql`,
    token: (workspaceId, options) => signToken({ appSecret: APP_SECRET, workspaceId, ...options }),
    async publish(...messages) {
      const headers = { Authorization: `Bearer ${PUBLISHER_SECRETS}` };
      const body = JSON.stringify({ messages });
      const response = await fetch(`${url}/publish`, { method: "POST", headers, body });
      return (await response.json()) as PublishAnswer;
    },
    inspect,
    async until(workspaceId, what, check) {
      const endsAt = Date.now() + WAIT_MS;
      for (;;) {
        const report = await inspect(workspaceId);
        if (check(report)) return report;
        if (Date.now() > endsAt) throw new Error(`Waited ${WAIT_MS} ms for ${what}: ${JSON.stringify(report)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

const WAIT_MS = 10_000;

const WORKER_NAMES = {
  "publisher-worker": "sluice-example-publisher",
  "queue-producer": "sluice-example-producer",
  "dead-letters": "sluice-example-dead-letters",
} as const satisfies Record<Example, string>;

/** Unsets what a developer's own `.dev.vars` sets, which wrangler would add. */
function blanks(): Record<string, string> {
  const file = join(ROOT, ".dev.vars");
  if (!existsSync(file)) return {};
  return Object.fromEntries(Object.keys(parseEnv(readFileSync(file, "utf8"))).map((name) => [name, ""]));
}
