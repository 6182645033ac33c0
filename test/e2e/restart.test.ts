import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "graphql-ws";
import { afterEach, expect, test } from "vitest";
import { ROOT, readDevVars } from "../../scripts/lib/dev-vars.ts";
import { gatewayAt } from "../support/gateway.ts";
import { ON_DB_EVENT, personUpdated } from "./events.ts";

const START_MS = 60_000;

/** All that was started, each with the group of its processes. */
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started) killGroup(child);
});

/** Starts the gateway as `npm start` does, in a process group of its own, and waits until it answers. */
async function start(port: number, storageDir: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["scripts/start.ts", "--port", `${port}`, "--persist-to", storageDir], {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    // It must not be found by other sessions of wrangler on this machine, nor find them.
    env: { ...process.env, WRANGLER_REGISTRY_PATH: join(storageDir, "registry") },
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const endsAt = Date.now() + START_MS;
  while (!(await isUp(port))) {
    if (Date.now() > endsAt || child.exitCode !== null) throw new Error(`The gateway did not start:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return child;
}

async function isUp(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
  return response?.ok ?? false;
}

/** Ends wrangler and the runtime at once, with nothing to tidy up in. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return address.port;
}

test("a gateway that was killed goes on where it was: log, epoch, offsets, and subscribers that reconnect", async () => {
  const storageDir = await mkdtemp(join(tmpdir(), "sluice-restart-"));
  const workspaceId = crypto.randomUUID();
  const port = await freePort();
  const settings = Object.fromEntries(Object.entries(readDevVars()).map(([name, value]) => [name, value ?? ""]));
  const gateway = gatewayAt(`http://127.0.0.1:${port}`, settings);
  const untilSubscribed = () => gateway.until(workspaceId, "the subscription", ({ operations }) => operations === 1);

  const first = await start(port, storageDir);
  const token = await gateway.token(workspaceId);
  const client = createClient({
    url: gateway.wsUrl,
    connectionParams: { token },
    shouldRetry: () => true,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
  });
  const events = client.iterate({ query: ON_DB_EVENT, variables: { input: {} } });
  const before = events.next();
  await untilSubscribed();
  const message = { ...personUpdated(workspaceId, "Ada", "Grace"), id: "once" };
  const { results: taken } = await gateway.publish(message);
  expect((await before).value).toMatchObject({ data: { onDbEvent: { record: { name: "Ada" } } } });
  expect((await events.next()).value).toMatchObject({ data: { onDbEvent: { record: { name: "Grace" } } } });
  const { epoch, position, log } = await gateway.inspect(workspaceId);
  expect(taken).toMatchObject([{ position, duplicate: false }]);
  expect(position).toMatch(/\.2$/);

  const exited = once(first, "exit");
  killGroup(first);
  await exited;
  while (await isUp(port)) await new Promise((resolve) => setTimeout(resolve, 20));
  await start(port, storageDir);

  expect(await gateway.inspect(workspaceId)).toMatchObject({ epoch, position, log });
  const { results: again } = await gateway.publish(message);
  expect(again).toMatchObject([{ position, duplicate: true }]);
  const after = events.next();
  await untilSubscribed();
  const { results: next } = await gateway.publish(personUpdated(workspaceId, "Edith"));
  expect(next).toMatchObject([{ position: position?.replace(/\.2$/, ".3"), duplicate: false }]);
  expect((await after).value).toMatchObject({ data: { onDbEvent: { record: { name: "Edith" } } } });
  await client.dispose();
  await Promise.all(
    started.map(async (child) => {
      killGroup(child);
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }),
  );
  await rm(storageDir, { recursive: true });
}, 180_000);
