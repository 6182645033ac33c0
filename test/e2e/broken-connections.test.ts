import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type GatewayClient, gatewayAt } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startWorkerd, type Workerd } from "../support/workerd.ts";
import { subscribeToAll } from "./events.ts";

const SOCKETS = 30;
let storageDir: string;
let workerd: Workerd;
let gateway: GatewayClient;

beforeAll(async () => {
  storageDir = await mkdtemp(join(tmpdir(), "sluice-storage-"));
  workerd = await startWorkerd({ storageDir });
  gateway = gatewayAt(workerd.url);
});
afterAll(async () => {
  workerd.kill("SIGKILL");
  await workerd.exited;
  await rm(storageDir, { recursive: true });
});

/** The files and sockets that the runtime has open. */
async function countOpenFiles(): Promise<number> {
  return (await readdir(`/proc/${workerd.pid}/fd`)).length;
}

// Only Linux tells.
test.skipIf(!existsSync("/proc/self/fd"))(
  "[CLOSE-4] connections that break leave no socket in the runtime",
  async () => {
    const workspaceId = crypto.randomUUID();
    const token = await gateway.token(workspaceId);
    const witness = await RawSocket.connect(gateway.wsUrl, token);
    witness.send(subscribeToAll("witness"));
    await witness.drain();
    const before = await countOpenFiles();
    const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => RawSocket.connect(gateway.wsUrl, token)));
    expect(await countOpenFiles()).toBeGreaterThanOrEqual(before + SOCKETS);
    for (const socket of sockets) socket.terminate();
    // What the runtime keeps open besides, for whoever asks next, is a handful.
    await vi.waitFor(async () => expect(await countOpenFiles()).toBeLessThan(before + SOCKETS), { timeout: 5000 });
  },
);
