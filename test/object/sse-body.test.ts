import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { UnreadLedger } from "../../src/core/unread-ledger.ts";
import { SseBody } from "../../src/edge/sse-body.ts";

const MIB = 1024 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream whose operation runs, and what the operation was told. */
function openStream() {
  const ledger = new UnreadLedger<object>(DEFAULT_LIMITS);
  const stream = new SseBody(ledger);
  const operation = { setBackpressure: vi.fn<(isOn: boolean) => void>(), stop: vi.fn<() => void>() };
  stream.attach(operation);
  return { stream, operation, ledger };
}

type Opened = ReturnType<typeof openStream>;

/** What must be true of a stream that has ended, however it came to that. */
function expectNothingLeft({ operation, ledger }: Opened): void {
  expect(operation.stop).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
  expect([...ledger.readers]).toEqual([]);
}

const textOf = (stream: SseBody) => new Response(stream.body).text();

describe("SseBody", () => {
  it("[SSE-2] sends events, and completes with what is unread when the operation has ended", async () => {
    const opened = openStream();
    opened.stream.send("next", '{"data":1}');
    opened.stream.complete();
    expectNothingLeft(opened);
    expect(await textOf(opened.stream)).toBe(':\n\nevent: next\ndata: {"data":1}\n\nevent: complete\ndata:\n\n');
  });

  it("sends a comment at once and every 12 s, and none after its end", async () => {
    const opened = openStream();
    const text = textOf(opened.stream);
    await vi.advanceTimersByTimeAsync(24_000);
    opened.stream.end();
    await vi.advanceTimersByTimeAsync(24_000);
    expect(await text).toBe(":\n\n".repeat(3));
    expectNothingLeft(opened);
  });

  it("[SSE-4] just ends when the client has read everything", async () => {
    const opened = openStream();
    const text = textOf(opened.stream);
    await vi.advanceTimersByTimeAsync(0);
    opened.stream.send("next", "1");
    await vi.advanceTimersByTimeAsync(0);
    opened.stream.end();
    expect(await text).toBe(":\n\nevent: next\ndata: 1\n\n");
    expectNothingLeft(opened);
  });

  it("[SSE-4] breaks off when something is unread: it is not delivered to a client that may no longer have it", async () => {
    const opened = openStream();
    const reader = opened.stream.body.getReader();
    opened.stream.send("next", '"secret"');
    opened.stream.end();
    await expect(reader.read()).rejects.toThrow("The response was ended.");
    expectNothingLeft(opened);
  });

  it("[SSE-5] stops the operation when the client cancels", async () => {
    const opened = openStream();
    const reader = opened.stream.body.getReader();
    opened.stream.send("next", "x".repeat(MIB));
    await reader.cancel();
    expectNothingLeft(opened);
    opened.stream.send("next", "late");
    opened.stream.complete();
    opened.stream.end();
    expectNothingLeft(opened);
  });

  it("tells the operation of a client that reads too slowly, and breaks off past the hard limit", async () => {
    const opened = openStream();
    const reader = opened.stream.body.getReader();
    for (let i = 0; i < 3; i++) opened.stream.send("next", "x".repeat(MIB));
    expect(opened.operation.setBackpressure.mock.calls).toEqual([[true]]);
    // The first of them is the comment.
    for (let i = 0; i < 4; i++) await reader.read();
    vi.advanceTimersByTime(100);
    expect(opened.operation.setBackpressure.mock.calls).toEqual([[true], [false]]);
    for (let i = 0; i < 9; i++) opened.stream.send("next", "x".repeat(MIB));
    await expect(reader.read()).rejects.toThrow("The response was ended.");
    expectNothingLeft(opened);
  });

  it("has no timer before its operation runs, and stops one that runs only after its end", () => {
    const stream = new SseBody(new UnreadLedger<object>(DEFAULT_LIMITS));
    expect(vi.getTimerCount()).toBe(0);
    stream.end();
    const stop = vi.fn<() => void>();
    stream.attach({ setBackpressure: () => undefined, stop });
    expect(stop).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});
