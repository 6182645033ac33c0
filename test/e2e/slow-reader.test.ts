import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { DEV_WORKSPACE_ID, signToken } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { startWorkerd, type Workerd } from "../support/workerd.ts";

const MESSAGES = 120;
const MESSAGE_BYTES = 256 * 1024;
const MIB = 1024 * 1024;

let gateway: Workerd;
let storageDir: string;

beforeAll(async () => {
  storageDir = await mkdtemp(join(tmpdir(), "sluice-slow-"));
  gateway = await startWorkerd({ storageDir });
});

afterAll(async () => {
  gateway.kill("SIGKILL");
  await gateway.exited;
  await rm(storageDir, { recursive: true, force: true });
});

interface Reader {
  readonly socket: WebSocket;
  /** Offsets of the events that came, in order. */
  readonly offsets: number[];
  readonly gaps: number;
  readonly closed: Promise<number>;
  until(isTrue: () => boolean): Promise<void>;
}

/** A subscriber that resumes; handed through when its token is in the header, relayed when it is in `connection_init`. */
async function openReader(path: "direct" | "relayed", resumes = true): Promise<Reader> {
  const token = await signToken({ appSecret: DEV_BINDINGS.APP_SECRET, userId: crypto.randomUUID() });
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/graphql`, ["graphql-transport-ws"], {
    perMessageDeflate: false,
    headers: path === "direct" ? { Authorization: `Bearer ${token}` } : {},
  });
  const reader = {
    socket,
    offsets: [] as number[],
    gaps: 0,
    closed: new Promise<number>((resolve) => socket.on("close", resolve)),
  };
  const live = new Promise<void>((resolve) => {
    socket.on("open", () =>
      socket.send(JSON.stringify({ type: "connection_init", payload: path === "relayed" ? { token } : {} })),
    );
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data));
      if (frame.type === "connection_ack") {
        const query = "subscription { onDbEvent(input: {}) { record } }";
        socket.send(
          JSON.stringify({
            type: "subscribe",
            id: "1",
            payload: { query, ...(resumes && { extensions: { resume: {} } }) },
          }),
        );
        socket.send(JSON.stringify({ type: "ping", payload: { after: "subscribe" } }));
      } else if (frame.type === "pong") resolve();
      else if (frame.payload?.gap) reader.gaps++;
      else if (frame.type === "next")
        reader.offsets.push(Number(frame.payload.extensions?.position?.split(".")[2] ?? 0));
    });
  });
  await live;
  const until = async (isTrue: () => boolean) => {
    const endsAt = Date.now() + 30_000;
    while (!isTrue()) {
      if (Date.now() > endsAt) throw new Error(`Only ${reader.offsets.length} events came.`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return Object.assign(reader, { until });
}

async function publishLargeMessages(count: number): Promise<number> {
  const record = { id: "x", name: "x".repeat(MESSAGE_BYTES) };
  const message = {
    name: "person.created",
    workspaceId: DEV_WORKSPACE_ID,
    events: [{ recordId: "x", properties: { after: record } }],
  };
  let newest = 0;
  for (let i = 0; i < count; i++) {
    const response = await fetch(`${gateway.url}/publish`, {
      method: "POST",
      headers: { Authorization: `Bearer ${DEV_BINDINGS.PUBLISHER_SECRETS}` },
      body: JSON.stringify({ messages: [message] }),
    });
    const { results } = (await response.json()) as { results: { position: string }[] };
    newest = Number(results[0]?.position.split(".")[2]);
  }
  return newest;
}

async function inspect(): Promise<{ sockets: number; unreadBytes: number }> {
  const headers = { Authorization: `Bearer ${DEV_BINDINGS.ADMIN_SECRETS}` };
  const response = await fetch(`${gateway.url}/admin/workspaces/${DEV_WORKSPACE_ID}`, { headers });
  return (await response.json()) as { sockets: number; unreadBytes: number };
}

/** Memory of the gateway's process, in bytes. */
async function memory(): Promise<number> {
  const status = await readFile(`/proc/${gateway.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

describe.each(["direct", "relayed"] as const)("a %s socket that stops reading", (path) => {
  it("[SLOW-1] holds up nobody and little memory while 30 MB are published, and misses nothing once it reads on", async () => {
    const [slow, other] = [await openReader(path), await openReader(path)];
    const round = async () => {
      const startedAt = performance.now();
      const newest = await publishLargeMessages(MESSAGES);
      await other.until(() => other.offsets.at(-1) === newest);
      return { newest, ms: performance.now() - startedAt };
    };
    await round();
    const alone = await round();
    await slow.until(() => slow.offsets.at(-1) === alone.newest);
    slow.socket.pause();
    const before = await memory();
    const { newest, ms } = await round();
    const grown = (await memory()) - before;
    const { unreadBytes } = await inspect();
    console.info(
      `${path}: ${(MESSAGES * MESSAGE_BYTES) / MIB} MiB published; unread in the object ${(unreadBytes / MIB).toFixed(2)} MiB, ` +
        `memory of the process ${(grown / MIB).toFixed(1)} MiB more; the other reader took ${(ms / alone.ms).toFixed(2)} times what it takes alone`,
    );
    // The budget, and the message that went past it.
    expect(unreadBytes).toBeLessThan(2 * MIB);

    slow.socket.resume();
    await slow.until(() => slow.offsets.at(-1) === newest);
    const expected = Array.from({ length: 3 * MESSAGES }, (_, i) => newest - 3 * MESSAGES + 1 + i);
    expect(slow.offsets).toEqual(expected);
    expect(other.offsets).toEqual(expected);
    expect([slow.gaps, other.gaps]).toEqual([0, 0]);
    slow.socket.terminate();
    other.socket.terminate();
  });

  it("[SLOW-2] is closed 1013 when it cannot resume", async () => {
    const slow = await openReader(path, false);
    slow.socket.pause();
    await publishLargeMessages(40);
    const { unreadBytes } = await inspect();
    // Closed, but not read: direct ones are still in the object's memory.
    if (path === "direct") expect(unreadBytes).toBeGreaterThan(MIB);
    slow.socket.resume();
    expect(await slow.closed).toBe(1013);
    await expect.poll(async () => (await inspect()).unreadBytes).toBe(0);
  });

  it("[SLOW-5] is closed 1013 when it asks and asks, and reads no answer", async () => {
    const flooding = await openReader(path);
    flooding.socket.pause();
    const ping = JSON.stringify({ type: "ping", payload: { fill: "x".repeat(4_000) } });
    // What the kernel and the runtime hold of it, and four budgets.
    for (let i = 0; i < 8_000; i++) flooding.socket.send(ping);
    await expect.poll(async () => (await inspect()).sockets, { timeout: 20_000 }).toBe(0);
    flooding.socket.resume();
    expect(await flooding.closed).toBe(1013);
  });
});
