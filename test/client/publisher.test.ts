import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createPublisher,
  type Publisher,
  PublisherFullError,
  type PublisherOptions,
  type PublishMessage,
} from "../../client/publisher.ts";

const [A, B] = ["20202020-1c25-4d02-bf25-6aeccf7ea419", "3b8e6458-5fc1-4e63-8563-008ccddaa6db"] as const;

interface Sent {
  readonly id: string;
  readonly workspaceId: string;
  readonly payload: unknown;
}
type Answer = (
  messages: readonly Sent[],
) => { status?: number; headers?: Record<string, string>; body?: unknown } | "cut";

/** A gateway that takes everything, after it has given the answers that a test has put down. */
class FakeGateway {
  readonly calls: Sent[][] = [];
  readonly taken: Sent[] = [];
  readonly script: Answer[] = [];
  readonly authorizations = new Set<string | undefined>();
  /** Calls wait until it is let go. */
  gate: Promise<void> | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      this.authorizations.add(request.headers.authorization);
      const { messages } = JSON.parse(body) as { messages: Sent[] };
      this.calls.push(messages);
      await this.gate;
      this.#answer(messages, response);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(messages: readonly Sent[], response: ServerResponse): void {
    const scripted = this.script.shift()?.(messages);
    if (scripted === "cut") return void response.destroy();
    const {
      status = 200,
      headers = {},
      body = { results: messages.map((message) => this.take(message)) },
    } = scripted ?? {};
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  }

  take(message: Sent): object {
    const { id, workspaceId } = message;
    const duplicate = this.taken.some((one) => one.id === id);
    if (!duplicate) this.taken.push(message);
    return { id, workspaceId, position: `p${this.taken.length}`, events: 1, duplicate };
  }
}

const later = { error: { code: "UNAVAILABLE", message: "Later.", retryable: true } };
const never = { error: { code: "BAD_MESSAGE", message: "channel: expected a string.", retryable: false } };

let gateway: FakeGateway;
let url: string;
const publishers: Publisher[] = [];
beforeEach(async () => {
  gateway = new FakeGateway();
  url = await gateway.start();
});
afterEach(async () => {
  await Promise.all(publishers.splice(0).map((publisher) => publisher.close()));
  await gateway.stop();
});

function publisher(options: PublisherOptions = {}): Publisher {
  const made = createPublisher({ url, secret: "dev-publisher-secret", ...options });
  publishers.push(made);
  return made;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const message = (payload: unknown, workspaceId: string = A): PublishMessage => ({
  workspaceId,
  channel: "notes",
  payload,
});
const payloads = (messages: readonly Sent[]) => messages.map(({ payload }) => payload);

describe("publish", () => {
  test("answers each message in its place, with the id that it was given", async () => {
    const results = await publisher().publish([message(1), { ...message(2, B), id: "mine" }]);
    expect(results.map(({ workspaceId, error }) => [workspaceId, error])).toEqual([
      [A, undefined],
      [B, undefined],
    ]);
    expect(results.map(({ id }) => id)).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), "mine"]);
    expect([...gateway.authorizations]).toEqual(["Bearer dev-publisher-secret"]);
  });

  test("sends what is published in one moment in one call, at most 100 messages and 1 MiB", async () => {
    const { publish } = bound(publisher());
    await Promise.all(Array.from({ length: 250 }, (_, i) => publish(message(i))));
    expect(gateway.calls.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(payloads(gateway.taken)).toEqual(Array.from({ length: 250 }, (_, i) => i));
    gateway.calls.length = 0;
    const large = "x".repeat(400_000);
    await publish([message(large), message(large), message(large)]);
    expect(gateway.calls.map(({ length }) => length)).toEqual([2, 1]);
  });

  test("keeps what a message was when it was published", async () => {
    const payload = { at: new Date(0), n: 1 };
    const result = publisher().publish(message(payload));
    payload.n = 2;
    await result;
    expect(payloads(gateway.taken)).toEqual([{ at: "1970-01-01T00:00:00.000Z", n: 1 }]);
  });

  test("refuses what is no message, and sends nothing of the call", async () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    for (const bad of [null, {}, message(cyclic)]) {
      await expect(publisher().publish([message(1), bad as PublishMessage])).rejects.toThrow(TypeError);
    }
    expect(await publisher().publish([])).toEqual([]);
    expect(gateway.calls).toEqual([]);
    expect(() => createPublisher({ url })).toThrow(TypeError);
  });
});

describe("what fails", () => {
  test("[SHIM-8] is sent again with the same id, whether the answer or the call was lost", async () => {
    gateway.script.push(
      (messages) => {
        for (const each of messages) gateway.take(each);
        return "cut";
      },
      () => ({ status: 503, body: "<html>" }),
      () => ({ status: 502, body: { errors: [{ message: "Bad gateway", extensions: { code: "X" } }] } }),
    );
    const results = await publisher().publish([message(1), message(2)]);
    expect(results.map(({ error, ...result }) => ["duplicate" in result && result.duplicate, error])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
    expect(new Set(gateway.calls.map((call) => JSON.stringify(call))).size).toBe(1);
    expect(gateway.calls).toHaveLength(4);
  });

  test("of one message does not keep the others, nor is taken for good when it may not be", async () => {
    gateway.script.push(([first, second, third]) => ({
      status: 207,
      body: { results: [never, second && gateway.take(second), third && gateway.take(third), first && later] },
    }));
    const results = await publisher().publish([message(1), message(2), message(3), message(4)]);
    expect(results.map(({ error }) => error?.code)).toEqual(["BAD_MESSAGE", undefined, undefined, undefined]);
    expect(gateway.calls.map(payloads)).toEqual([[1, 2, 3, 4], [4]]);
  });

  test("of one workspace goes before what waits of it, and does not hold up another", async () => {
    const { publish } = bound(publisher());
    gateway.script.push(() => ({ status: 503, headers: { "Retry-After": "1" }, body: { results: [later] } }));
    const first = publish(message("a1"));
    await until(() => expect(gateway.calls).toHaveLength(1));
    const rest = [publish(message("a2")), publish(message("b1", B)), publish(message("a3"))];
    await rest[1];
    expect(payloads(gateway.taken)).toEqual(["b1"]);
    await Promise.all([first, ...rest]);
    expect(payloads(gateway.taken)).toEqual(["b1", "a1", "a2", "a3"]);
  });

  test("is told when time is up, and may be published again under the same id", async () => {
    gateway.script.push(() => ({ status: 503, body: { results: [later] } }));
    const [result] = await publisher({ retryFor: 0 }).publish(message(1));
    expect(result).toEqual({ id: gateway.calls[0]?.[0]?.id, workspaceId: A, ...later });
  });

  test("[SHIM-8] is not sent again by a process that stood still meanwhile: the gateway may have forgotten the id", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      gateway.script.push((messages) => {
        for (const each of messages) gateway.take(each);
        return "cut";
      });
      const { publish } = bound(publisher());
      const first = publish(message(1));
      await vi.waitFor(() => expect(gateway.calls).toHaveLength(1));
      // It is going to try again in a moment, which does not come while the clock stands still.
      await sleep(50);
      vi.setSystemTime(Date.now() + 15 * 60_000);
      const [[result], [second]] = await Promise.all([first, publish(message(2))]);
      expect(result?.error).toMatchObject({ code: "UNAVAILABLE", retryable: true });
      expect(second?.error).toBeUndefined();
      expect(gateway.calls.map(payloads)).toEqual([[1], [2]]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("for good is told at once: a wrong secret, an address that is no gateway's", async () => {
    const body = {
      errors: [{ message: "The bearer is none of PUBLISHER_SECRETS.", extensions: { code: "FORBIDDEN" } }],
    };
    gateway.script.push(
      () => ({ status: 403, body }),
      () => ({ status: 404, body: "" }),
    );
    const codes = [];
    for (const each of [1, 2]) codes.push((await publisher().publish(message(each)))[0]?.error);
    expect(codes).toEqual([
      { code: "FORBIDDEN", message: "The bearer is none of PUBLISHER_SECRETS.", retryable: false },
      { code: "HTTP_404", message: "The gateway answered 404.", retryable: false },
    ]);
  });

  test("because it is too large together is sent in smaller calls, and so is what follows", async () => {
    const tooLarge = { errors: [{ message: "A body may have 10 bytes.", extensions: { code: "TOO_LARGE" } }] };
    gateway.script.push(
      () => ({ status: 413, body: tooLarge }),
      () => ({ status: 413, body: tooLarge }),
    );
    const { publish } = bound(publisher());
    const list = (count: number) => Array.from({ length: count }, (_, i) => message(i));
    await publish(list(100));
    expect(gateway.calls.map(({ length }) => length)).toEqual([100, 50, 25, 25, 25, 25]);
    gateway.calls.length = 0;
    gateway.script.push(
      () => ({ status: 413, body: tooLarge }),
      () => ({ status: 413, body: tooLarge }),
    );
    const results = await publish(list(2));
    expect(results.map(({ error }) => error?.code)).toEqual(["TOO_LARGE", undefined]);
    expect(gateway.calls.map(payloads)).toEqual([[0, 1], [0], [1]]);
  });
});

describe("more than may wait", () => {
  function closedGate(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    gateway.gate = promise;
    return resolve;
  }

  test("waits for room, in order", async () => {
    const open = closedGate();
    const { publish } = bound(publisher({ maxQueuedMessages: 2 }));
    const results = [1, 2, 3, 4, 5].map((payload) => publish(message(payload)));
    await until(() => expect(gateway.calls.map(payloads)).toEqual([[1, 2]]));
    open();
    await Promise.all(results);
    expect(payloads(gateway.taken)).toEqual([1, 2, 3, 4, 5]);
    expect(Math.max(...gateway.calls.map(({ length }) => length))).toBe(2);
  });

  test("is refused as a whole where the application wants that", async () => {
    const open = closedGate();
    const { publish } = bound(publisher({ maxQueuedMessages: 2, whenFull: "throw" }));
    const first = publish([message(1), message(2)]);
    await expect(publish(message(3))).rejects.toThrow(PublisherFullError);
    open();
    await first;
    await publish([message(4), message(5)]);
    await expect(publish([message(6), message(7), message(8)])).rejects.toThrow(PublisherFullError);
    expect(payloads(gateway.taken)).toEqual([1, 2, 4, 5]);
  });

  test("is measured in bytes too, and one that is larger than all of it still goes", async () => {
    const { publish } = bound(publisher({ maxQueuedBytes: 300 }));
    await Promise.all(["a", "b".repeat(200), "c".repeat(500), "d"].map((payload) => publish(message(payload))));
    expect(gateway.calls.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
  });
});

describe("flush and close", () => {
  test("wait for what was published, and close takes nothing more", async () => {
    const one = publisher();
    let isDone = false;
    void one.publish(message(1)).then(() => (isDone = true));
    await one.flush();
    expect(payloads(gateway.taken)).toEqual([1]);
    void one.publish(message(2));
    await one.close();
    expect([payloads(gateway.taken), isDone]).toEqual([[1, 2], true]);
    await expect(one.publish(message(3))).rejects.toThrow("The publisher is closed.");
  });
});

describe("a binding", () => {
  test("is called with plain messages, again after it failed, and gives the results", async () => {
    const calls: Sent[][] = [];
    const binding = {
      async publish(messages: unknown) {
        calls.push(messages as Sent[]);
        if (calls.length === 1) throw new Error("The object was reset.");
        return { results: (messages as Sent[]).map((each) => gateway.take(each)) };
      },
    };
    const [result] = await publisher({ binding }).publish(message({ at: new Date(0) }));
    expect(result?.error).toBeUndefined();
    expect(calls).toHaveLength(2);
    expect(calls[0]).toEqual(calls[1]);
    expect(calls[0]?.[0]?.payload).toEqual({ at: "1970-01-01T00:00:00.000Z" });
    expect(gateway.calls).toEqual([]);
  });

  test("that does not answer in time is asked again", async () => {
    let calls = 0;
    const binding = {
      publish(messages: unknown) {
        if (++calls === 1) return new Promise(() => undefined);
        return Promise.resolve({ results: (messages as Sent[]).map((each) => gateway.take(each)) });
      },
    };
    const [result] = await publisher({ binding, requestTimeout: 20 }).publish(message(1));
    expect([result?.error, calls]).toEqual([undefined, 2]);
  });

  test.each([
    ["TOO_LARGE", false],
    ["BAD_MESSAGE", false],
  ])("that refuses a call with %s is believed", async (code) => {
    const refuse = vi.fn(() => Promise.reject(Object.assign(new Error("No."), { code })));
    const [result] = await publisher({ binding: { publish: refuse } }).publish(message(1));
    expect(result?.error).toEqual({ code, message: "No.", retryable: false });
    expect(refuse).toHaveBeenCalledOnce();
  });
});

function bound(made: Publisher) {
  return { publish: made.publish.bind(made) };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });
