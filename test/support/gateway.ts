import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { createTestHarness } from "wrangler";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import { type SignTokenOptions, signToken } from "../../scripts/lib/sign-token.ts";
import type { WorkspaceReport } from "../../src/core/pubsub/workspace.ts";
import type { PublishAnswer } from "../../src/publish/publish-result.ts";
import { DEV_BINDINGS } from "./dev-bindings.ts";

// Without a network wrangler would wait for the data of `request.cf`, which nothing here reads.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
process.env["WRANGLER_SEND_METRICS"] = "false";

export type Example = "publisher-worker" | "queue-producer" | "dead-letters";

export interface GatewayOptions {
  /** Vars and secrets on top of development's; an empty one counts as not set. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Example Workers to run beside the gateway. */
  readonly examples?: readonly Example[];
}

/** Asks a Worker; of an address only the path counts. */
type Ask = (
  path: string,
  init?: { method?: string; headers?: Record<string, string>; body?: string },
) => Promise<Answer>;
export type Answer = Pick<Response, "status" | "ok" | "text"> & {
  readonly headers: Pick<Headers, "get">;
  json(): Promise<unknown>;
};

/** The gateway as it runs on a developer's machine: real ports, real eviction, nothing replaced. */
export interface Gateway {
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
  /** Takes the object of a workspace out of memory; its sockets stay open. */
  evict(workspaceId: string): Promise<void>;
  /** Asks an example Worker. */
  ask(example: Example): Ask;
  /** What the Workers have logged so far, one entry a line. */
  logs(): string;
  stop(): Promise<void>;
}

export async function startGateway({ settings = {}, examples = [] }: GatewayOptions = {}): Promise<Gateway> {
  const secrets = { ...blanks(), ...DEV_BINDINGS, ...settings };
  const harness = createTestHarness({
    root: ROOT,
    workers: [
      { configPath: "wrangler.jsonc", secrets },
      ...examples.map((example) => ({ configPath: join("examples", example, "wrangler.jsonc") })),
    ],
  });
  const { url: listening } = await harness.listen();
  const url = `http://127.0.0.1:${listening.port}`;

  const authorized = (secret: string) => ({ Authorization: `Bearer ${secret}` });

  async function inspect(workspaceId: string): Promise<WorkspaceReport> {
    const headers = authorized(secrets.ADMIN_SECRETS);
    const response = await fetch(`${url}/admin/workspaces/${workspaceId}`, { headers });
    if (!response.ok) throw new Error(`The workspace cannot be inspected: ${response.status} ${await response.text()}`);
    return (await response.json()) as WorkspaceReport;
  }

  return {
    url,
    wsUrl: `${url.replace("http", "ws")}/graphql`,
    token: (workspaceId, options) => signToken({ appSecret: secrets.APP_SECRET, workspaceId, ...options }),
    async publish(...messages) {
      const response = await fetch(`${url}/publish`, {
        method: "POST",
        headers: authorized(secrets.PUBLISHER_SECRETS),
        body: JSON.stringify({ messages }),
      });
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
    async evict(workspaceId) {
      // A frame that was just sent may still be on its way; asking the object lets it arrive, and wakes the object.
      await inspect(workspaceId);
      const object = { name: workspaceId, webSockets: "hibernate" } as const;
      await harness.getWorker("sluice").evictDurableObject("WorkspacePubSub", object);
    },
    ask: (example) => (path, init) => harness.getWorker(WORKER_NAMES[example]).fetch(path, init),
    logs: () =>
      harness
        .getLogs()
        .map(({ level, message }) => `${level} ${message}`)
        .join("\n"),
    stop: () => harness.close(),
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
