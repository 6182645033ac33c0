import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { refuseUpgrade } from "../../durable-objects/upgrade-request.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import type { Principal } from "../../src/core/principal.ts";
import { CLOSE, closeWith } from "../../src/core/protocol/close-events.ts";
import { edgeOf } from "../../src/edge/edge.ts";
import { type OperationSink, runInWorkspace } from "../../src/edge/workspace-client.ts";

const PRINCIPAL: Principal = {
  kind: "apiKey",
  workspaceId: "20202020-1c25-4d02-bf25-6aeccf7ea419",
  apiKeyId: "20202020-1c25-4d02-bf25-6aeccf7ea41a",
  issuedAt: 0,
  expiresAt: 1e10,
};
const QUERY = { query: "{ __typename }" };

/** The socket to an object that says what the test says. */
class FakeSocket extends EventTarget {
  readonly sent: string[] = [];
  readonly closes: number[] = [];
  accept(): void {}
  send(frame: string): void {
    this.sent.push(frame);
  }
  close(code: number): void {
    this.closes.push(code);
  }
  say(frame: object): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(frame) }));
  }
  end(code: number, reason = ""): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
  fail(): void {
    this.dispatchEvent(new Event("error"));
  }
}

/** An edge whose every workspace answers an upgrade like this. */
function edgeTo(answer: unknown) {
  const fetch = vi.fn<(request: Request) => Promise<unknown>>().mockResolvedValue(answer);
  const WORKSPACES = { getByName: () => ({ fetch }) };
  return { edge: edgeOf({ ...env, WORKSPACES } as unknown as Env), fetch };
}

function run(answer: unknown, payload = QUERY) {
  const { edge, fetch } = edgeTo(answer);
  const sink: OperationSink = {
    ...{ next: vi.fn(), errors: vi.fn(), complete: vi.fn(), position: vi.fn(), closed: vi.fn() },
  };
  return { running: runInWorkspace(edge, PRINCIPAL, payload, sink), sink, fetch };
}

/** One whose upgrade is through, and which waits for its ack. */
async function runUntilInit() {
  const socket = new FakeSocket();
  const { running, sink } = run({ webSocket: socket });
  await vi.waitFor(() => expect(socket.sent).toEqual(['{"type":"connection_init"}']));
  return { socket, running, sink };
}

async function runUntilAck() {
  const { socket, running, sink } = await runUntilInit();
  socket.say({ type: "connection_ack" });
  return { socket, sink, operation: await running };
}

describe("runInWorkspace", () => {
  it("subscribes after the ack, and closes the socket when it is stopped", async () => {
    const { socket, operation } = await runUntilAck();
    expect(socket.sent.slice(1).map((frame) => JSON.parse(frame))).toEqual([
      { type: "subscribe", id: "1", payload: QUERY },
    ]);
    operation.stop();
    expect(socket.closes).toEqual([1000]);
  });

  it("[SSE-6] refuses with what the object said, before or after the upgrade", async () => {
    const { running } = run(refuseUpgrade(CLOSE.REVOKED));
    await expect(running).rejects.toMatchObject({ code: "UNAUTHENTICATED", message: "Revoked" });
    const full = closeWith(CLOSE.OVERLOADED, "A caller may hold 2 sockets");
    await expect(run(refuseUpgrade(full)).running).rejects.toMatchObject({ code: "UNAVAILABLE", message: full.reason });
    for (const [code, expected] of [
      [4403, "UNAUTHENTICATED"],
      [1012, "UNAVAILABLE"],
    ] as const) {
      const late = await runUntilInit();
      late.socket.end(code);
      await expect(late.running).rejects.toMatchObject({ code: expected });
    }
  });

  it("fails, and leaves no socket, when the socket breaks before the ack", async () => {
    const { socket, running } = await runUntilInit();
    socket.fail();
    await expect(running).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(socket.closes).toEqual([1000]);
  });

  it.each(["end", "fail"] as const)("says so when the socket is gone later (%s)", async (how) => {
    const { socket, sink } = await runUntilAck();
    if (how === "end") socket.end(1006);
    else socket.fail();
    expect(sink.closed).toHaveBeenCalledOnce();
  });

  it("speaks of backpressure with the key of its upgrade", async () => {
    const socket = new FakeSocket();
    const { running, fetch } = run({ webSocket: socket });
    await vi.waitFor(() => expect(socket.sent).toHaveLength(1));
    socket.say({ type: "connection_ack" });
    (await running).setBackpressure(true);
    const key = fetch.mock.calls[0]?.[0].headers.get("X-Sluice-Edge-Key");
    expect(key).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(socket.sent[2] ?? "")).toEqual({ type: "pong", payload: { backpressure: true, key } });
  });

  it("[SSE-7] refuses an operation that is larger than a frame to the object, both sides, before it asks the object", async () => {
    const envelope = JSON.stringify({ type: "subscribe", id: "1", payload: { query: "" } }).length;
    const query = (bytes: number) => ({ query: "x".repeat(bytes - envelope) });
    const tooLarge = run(refuseUpgrade(CLOSE.OVERLOADED), query(DEFAULT_LIMITS.MAX_FRAME_BYTES + 1));
    await expect(tooLarge.running).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(tooLarge.fetch).not.toHaveBeenCalled();
    const justFits = run(refuseUpgrade(CLOSE.OVERLOADED), query(DEFAULT_LIMITS.MAX_FRAME_BYTES));
    await expect(justFits.running).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
