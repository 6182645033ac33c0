import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createWebSocketImpl } from "../../client/create-web-socket-impl.ts";
import { type GappedOperation, TOKEN_UNAVAILABLE } from "../../client/index.ts";
import type { CloseEventLike } from "../../client/web-socket.ts";
import type { WebSocketImplOptions } from "../../client/web-socket-options.ts";
import { fakeToken } from "../support/sluice-server.ts";
import { FakePage } from "./support/fake-page.ts";
import { type FakeWebSocket, fakeWebSockets } from "./support/fake-web-socket.ts";

const URL = "wss://gateway.test/graphql";
const BATCH = "graphql-transport-ws.batch";
const PLAIN = "graphql-transport-ws";
const at = (offset: number) => `00000000.aaaaaaaaaaaa.${offset}`;
const next = (id: string, offset: number) => ({
  id,
  type: "next",
  payload: { data: { event: offset }, extensions: { position: at(offset) } },
});
const subscribe = (id: string) => ({ id, type: "subscribe", payload: { query: "subscription { event }" } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client of nothing but sockets, and what they were told. */
function client(options: WebSocketImplOptions = {}) {
  const { webSocketImpl, sockets } = fakeWebSockets();
  const Impl = createWebSocketImpl({ webSocketImpl, ...options });
  const told: { messages: unknown[]; errors: unknown[]; closes: CloseEventLike[]; opened: number } = {
    messages: [],
    errors: [],
    closes: [],
    opened: 0,
  };
  async function connect() {
    const socket = new Impl(URL, PLAIN);
    socket.onopen = () => {
      told.opened++;
    };
    socket.onmessage = ({ data }) => told.messages.push(JSON.parse(String(data)));
    socket.onerror = (error) => told.errors.push(error);
    socket.onclose = (event) => told.closes.push(event);
    await vi.advanceTimersByTimeAsync(0);
    return { socket, inner: sockets.at(-1) as FakeWebSocket };
  }
  async function open(protocol = BATCH) {
    const { socket, inner } = await connect();
    inner.accept(protocol);
    return { socket, inner, send: (message: object) => socket.send(JSON.stringify(message)) };
  }
  return { told, connect, open, sockets };
}

describe("[C10] opening", () => {
  test("[C10] the dialects are offered best first, and the token behind them", async () => {
    const { connect } = client({ token: () => "Bearer aaa.bbb.ccc" });
    const { inner } = await connect();
    expect(inner.url).toBe(URL);
    expect(inner.offered).toEqual([BATCH, PLAIN, "bearer.aaa.bbb.ccc"]);
  });

  test.each([
    [BATCH, PLAIN],
    [PLAIN, PLAIN],
    ["", ""],
  ])("[C10] %j below is %j above", async (below, above) => {
    const { socket } = await client().open(below);
    expect(socket.protocol).toBe(above);
  });

  test("[C10] the socket waits for the token", async () => {
    let give: (token: string) => void = () => undefined;
    const { connect, sockets, told } = client({ token: () => new Promise((resolve) => (give = resolve)) });
    const { socket } = await connect();
    expect(sockets).toHaveLength(0);
    expect(socket.readyState).toBe(0);
    expect(() => socket.send("{}")).toThrow("not open");
    give("aaa.bbb.ccc");
    await vi.advanceTimersByTimeAsync(0);
    sockets[0]?.accept();
    expect(told.opened).toBe(1);
    expect(socket.readyState).toBe(1);
  });

  test.each([null, undefined, "", "Bearer "])("[C10] a caller without a token (%j) offers none", async (token) => {
    const { inner } = await client({ token: () => token }).connect();
    expect(inner.offered).toEqual([BATCH, PLAIN]);
  });

  test("[C10] without a token the init message goes as it is", async () => {
    const { inner, send } = await client().open();
    send({ type: "connection_init", payload: { a: 1 } });
    expect(inner.sent).toEqual([{ type: "connection_init", payload: { a: 1 } }]);
  });

  test.each([
    ["an API key", { token: fakeToken({ type: "API_KEY" }) }],
    ["a token that can be no subprotocol", { token: "a b=/" }],
    ["a token for connection_init", { token: "aaa.bbb.ccc", tokenIn: "connection_init" as const }],
  ])("[C10] %s goes into connection_init", async (_name, { token, ...options }) => {
    const { inner, send } = await client({ token: () => token, ...options }).open();
    expect(inner.offered).toEqual([BATCH, PLAIN]);
    send({ type: "connection_init", payload: { authorization: "old", locale: "de" } });
    expect(inner.sent).toEqual([
      { type: "connection_init", payload: { authorization: `Bearer ${token}`, locale: "de" } },
    ]);
  });

  test("[C10] a token that is past its time is asked for again before it is used", async () => {
    const [old, fresh] = [fakeToken({ lifeMs: -1 }), fakeToken({})];
    const token = vi.fn(({ refresh }: { refresh: boolean }) => (refresh ? fresh : old));
    const { inner } = await client({ token }).connect();
    expect(token.mock.calls).toEqual([[{ refresh: false }], [{ refresh: true }]]);
    expect(inner.offered.at(-1)).toBe(`bearer.${fresh}`);
  });

  test("[C10] an address that is none is an error, not to be tried again", async () => {
    class Strict {
      static readonly OPEN = 1;
      constructor() {
        throw new SyntaxError("no address");
      }
    }
    const { told, connect } = client({ webSocketImpl: Strict });
    await connect();
    expect(told.errors).toEqual([new SyntaxError("no address")]);
  });

  test("[C10] no WebSocket at all is an error that says what to do", async () => {
    const { told, connect } = client({ webSocketImpl: {} });
    await connect();
    expect(told.errors).toEqual([expect.objectContaining({ message: expect.stringContaining("webSocketImpl") })]);
  });

  test("[C10] positions for nobody in particular are not kept", () => {
    expect(() => createWebSocketImpl({ persist: true })).toThrow(TypeError);
    expect(() => createWebSocketImpl({ persist: true, persistKey: "ada" })).not.toThrow();
  });
});

describe("[C11] failing", () => {
  test("[C11] a refused first attempt is a close, never an error", async () => {
    const { told, connect } = client();
    const { inner, socket } = await connect();
    inner.refuse();
    expect(told.errors).toEqual([]);
    expect(told.closes).toEqual([{ code: 1006, reason: "", wasClean: false }]);
    expect(socket.readyState).toBe(3);
  });

  test("[C11] a token that cannot be had is a close that can be retried", async () => {
    const { told, connect, sockets } = client({ token: () => Promise.reject(new Error("signed out")) });
    await connect();
    expect(sockets).toHaveLength(0);
    expect(told.errors).toEqual([]);
    const reason = "There is no token: signed out";
    expect(told.closes).toEqual([{ code: TOKEN_UNAVAILABLE, reason, wasClean: false }]);
  });

  test("[C11] a token that never comes, and an upgrade that is never answered, end after 20 s", async () => {
    const hanging = client({ token: () => new Promise<string>(() => undefined) });
    const unanswered = client();
    await hanging.connect();
    const { inner } = await unanswered.connect();
    await vi.advanceTimersByTimeAsync(19_999);
    expect([...hanging.told.closes, ...unanswered.told.closes]).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    const closes = [...hanging.told.closes, ...unanswered.told.closes];
    expect(closes.map(({ code }) => code)).toEqual([1006, 1006]);
    expect(inner.closedWith).toBeDefined();
    // Whatever comes of them now is nobody's.
    inner.accept();
    expect(unanswered.told.opened).toBe(0);
  });

  test("[C11] after a refusal the next token is a new one", async () => {
    const token = vi.fn(() => "aaa.bbb.ccc");
    const { open, connect } = client({ token });
    const { inner } = await open();
    inner.end(4403, "Token expired");
    await connect();
    await connect();
    expect(token.mock.calls).toEqual([[{ refresh: false }], [{ refresh: true }], [{ refresh: false }]]);
  });

  test("[C11] a 401 at the upgrade, where it can be seen, is a refusal too", async () => {
    const token = vi.fn(() => "aaa.bbb.ccc");
    const { told, connect } = client({ token });
    (await connect()).inner.refuse("Unexpected server response: 401");
    (await connect()).inner.refuse("connect ECONNREFUSED 127.0.0.1:401");
    await connect();
    expect(told.closes.map(({ code }) => code)).toEqual([4403, 1006]);
    expect(token.mock.calls).toEqual([[{ refresh: false }], [{ refresh: true }], [{ refresh: false }]]);
  });

  test("[C11] a server that takes what is offered first is asked again without batches", async () => {
    const { told, open, connect } = client();
    const { inner } = await open();
    inner.end(4406, "Subprotocol not acceptable");
    expect(told.closes.map(({ code }) => code)).toEqual([1012]);
    const second = await connect();
    expect(second.inner.offered).toEqual([PLAIN]);
    second.inner.accept(PLAIN).end(4406);
    expect(told.closes.map(({ code }) => code)).toEqual([1012, 4406]);
  });

  test("[C11] closed before there is anything to close", async () => {
    const { told, connect, sockets } = client({ token: () => new Promise<string>(() => undefined) });
    const { socket } = await connect();
    socket.close(4499, "Terminated");
    expect(socket.readyState).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.readyState).toBe(3);
    expect(told.closes).toHaveLength(1);
    expect(sockets).toHaveLength(0);
  });

  test("[C11] a close that is not answered ends after 5 s", async () => {
    const { told, open } = client();
    const { socket, inner } = await open();
    socket.close(4504, "Connection acknowledgement timeout");
    expect(inner.closedWith).toEqual({ code: 4504, reason: "Connection acknowledgement timeout" });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told.closes.map(({ code }) => code)).toEqual([1006]);
  });

  test("[C11] a close that is answered is told as it is", async () => {
    const { told, open } = client();
    const { socket, inner } = await open();
    socket.close(1000, "Normal Closure");
    inner.end(1000, "Normal Closure");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told.closes).toEqual([{ code: 1000, reason: "Normal Closure", wasClean: true }]);
  });

  test("[C11] nothing is sent once the socket is closing, and nobody is troubled", async () => {
    const { open } = client();
    const { socket, inner, send } = await open();
    socket.close();
    send({ type: "ping" });
    inner.end(1000);
    send({ type: "ping" });
    expect(inner.sent).toEqual([]);
  });
});

describe("[C12] frames", () => {
  test("[C12] a batch is its messages, in order", async () => {
    const { told, open } = client();
    const { inner } = await open();
    inner.receive([{ type: "connection_ack" }, next("1", 1), { id: "2", type: "complete" }]);
    inner.receive([]);
    expect(told.messages).toEqual([{ type: "connection_ack" }, next("1", 1), { id: "2", type: "complete" }]);
  });

  test("[C12] a list from a server that speaks no batches is passed on as it is", async () => {
    const { told, open } = client();
    const { inner } = await open(PLAIN);
    inner.receive([next("1", 1)]);
    expect(told.messages).toEqual([[next("1", 1)]]);
  });

  test.each(['"text"', "7", "null", '{"type":"next"}', '{"type":7}', '{"id":"1","type":"next","payload":null}'])(
    "[C12] what makes no sense is for the client above to judge: %s",
    async (frame) => {
      const { told, open } = client();
      const { inner } = await open();
      inner.receive(frame);
      inner.receive(`[${frame}]`);
      expect(told.messages).toEqual([JSON.parse(frame), JSON.parse(frame)]);
    },
  );

  test("[C12] text that is no JSON, and bytes, are passed on untouched", async () => {
    const { open } = client();
    const { socket, inner } = await open();
    const received: unknown[] = [];
    socket.onmessage = ({ data }) => received.push(data);
    const bytes = new Uint8Array(2);
    inner.receive("{nonsense");
    inner.onmessage?.({ data: bytes });
    expect(received).toEqual(["{nonsense", bytes]);
  });

  test.each([
    ["ping", { position: { id: "1", position: 7 } }],
    ["ping", { position: "7" }],
    ["ping", { gap: {} }],
    ["ping", { tokenExpiresAt: "soon" }],
    ["ping", { somebody: "else" }],
    ["pong", { somebody: "else" }],
  ])("[C12] a %s with %j is none of ours", async (type, payload) => {
    const { told, open } = client();
    const { inner } = await open();
    inner.receive({ type, payload });
    expect(told.messages).toEqual([{ type, payload }]);
    expect(inner.sent).toEqual([]);
  });

  test("[C12] the server's own pings are answered, and not shown", async () => {
    const { told, open } = client();
    const { inner, send } = await open();
    send(subscribe("1"));
    inner.sent.length = 0;
    inner.receive({ type: "ping", payload: { position: { id: "1", position: at(1) } } });
    inner.receive([{ type: "ping", payload: { gap: { id: "1", position: at(2) } } }]);
    inner.receive({ type: "ping", payload: { tokenExpiresAt: 1 } });
    inner.receive({ type: "pong", payload: { tokenExpiresAt: 1 } });
    expect(told.messages).toEqual([]);
    expect(inner.sent).toEqual([{ type: "pong" }, { type: "pong" }, { type: "pong" }]);
  });

  test.each(["{", "[]", "7", '{"type":"subscribe"}', '{"id":"1","type":"subscribe","payload":{}}'])(
    "[C12] what the client above says is not judged here: %s",
    async (text) => {
      const { open } = client();
      const { socket, inner } = await open();
      const sent: string[] = [];
      inner.send = (data) => void sent.push(data);
      socket.send(text);
      expect(sent).toEqual([text]);
    },
  );

  test("[C12] listeners hear what handlers hear", async () => {
    const { open } = client();
    const { socket, inner } = await open();
    const heard: unknown[] = [];
    const listen = (event: { data: unknown }) => heard.push(event.data);
    const target = socket as unknown as {
      addEventListener(type: string, listener: (event: never) => void): void;
      removeEventListener(type: string, listener: (event: never) => void): void;
    };
    target.addEventListener("message", listen);
    target.addEventListener("close", ({ code }: CloseEventLike) => heard.push(code));
    inner.receive("1");
    target.removeEventListener("message", listen);
    inner.receive("2");
    inner.end(1001);
    expect(heard).toEqual(["1", 1001]);
  });
});

describe("[C13] resuming", () => {
  test("[C13] the next socket asks for what the last one did not bring", async () => {
    const { told, open } = client();
    const first = await open();
    first.send(subscribe("1"));
    first.send({ id: "2", type: "subscribe", payload: { query: "{ a }" } });
    first.inner.receive({ type: "ping", payload: { position: { id: "1", position: at(3) } } });
    first.inner.receive([next("1", 4), next("1", 5)]);
    first.inner.end();
    const second = await open();
    second.send(subscribe("1"));
    expect(first.inner.sent[0]).toMatchObject({ payload: { extensions: { resume: {} } } });
    expect(first.inner.sent[1]).toEqual({ id: "2", type: "subscribe", payload: { query: "{ a }" } });
    expect(second.inner.sent[0]).toMatchObject({ payload: { extensions: { resume: { after: at(5) } } } });
    second.inner.receive([next("1", 4), next("1", 5), next("1", 6)]);
    expect(told.messages).toEqual([next("1", 4), next("1", 5), next("1", 6)]);
  });

  test("[C13] what comes after the client has closed was not received, even out of one frame", async () => {
    const { told, open } = client();
    const first = await open();
    first.send(subscribe("1"));
    first.socket.onmessage = ({ data }) => {
      told.messages.push(JSON.parse(String(data)));
      first.socket.close(4499, "Terminated");
    };
    first.inner.receive([next("1", 1), next("1", 2)]);
    first.inner.receive(next("1", 3));
    first.inner.end();
    const second = await open();
    second.send(subscribe("1"));
    expect(second.inner.sent[0]).toMatchObject({ payload: { extensions: { resume: { after: at(1) } } } });
    expect(told.messages).toEqual([next("1", 1)]);
  });

  test.each(["complete", "error"])("[C13] an operation that ends by %s is not resumed", async (type) => {
    const { told, open } = client();
    const { inner, send } = await open();
    send(subscribe("1"));
    inner.receive(next("1", 1));
    inner.receive({ id: "1", type, payload: [{ message: "no" }] });
    send(subscribe("1"));
    expect(inner.sent[1]).toMatchObject({ payload: { extensions: { resume: {} } } });
    expect(told.messages).toHaveLength(2);
  });

  test("[C13] nor is one that the client completes", async () => {
    const { inner, send } = await client().open();
    send(subscribe("1"));
    inner.receive(next("1", 1));
    send({ id: "1", type: "complete" });
    send(subscribe("1"));
    expect(inner.sent[2]).toMatchObject({ payload: { extensions: { resume: {} } } });
  });

  test("[C13] a position that the server does not take is a gap, not the end", async () => {
    const gaps: GappedOperation[] = [];
    const { told, open } = client({ onGap: (operation) => gaps.push(operation) });
    const first = await open();
    first.send(subscribe("1"));
    first.inner.receive(next("1", 1));
    first.inner.end();
    const second = await open();
    second.send(subscribe("1"));
    second.inner.receive({
      id: "1",
      type: "error",
      payload: [{ message: "no", extensions: { code: "BAD_POSITION" } }],
    });
    expect(second.inner.sent[1]).toMatchObject({ id: "1", type: "subscribe", payload: { extensions: { resume: {} } } });
    second.inner.receive({ type: "ping", payload: { position: { id: "1", position: "11111111.bbbbbbbbbbbb.4" } } });
    expect(gaps.map(({ id, position }) => [id, position])).toEqual([["1", "11111111.bbbbbbbbbbbb.4"]]);
    expect(told.messages).toEqual([next("1", 1)]);
  });

  test("[C13] given up before its first position, it may have missed something, though its socket is not closed yet", async () => {
    const gaps: GappedOperation[] = [];
    const { open } = client({ onGap: (operation) => gaps.push(operation) });
    const first = await open();
    first.send(subscribe("1"));
    first.socket.close(4499, "Terminated");
    first.inner.receive([next("1", 1), next("1", 2)]);
    const second = await open();
    second.send(subscribe("1"));
    first.inner.end();
    second.inner.receive({ type: "ping", payload: { position: { id: "1", position: at(2) } } });
    expect(gaps.map(({ id, position }) => [id, position])).toEqual([["1", at(2)]]);
  });

  test("[C13] what onGap throws stands in the way of nothing", async () => {
    const uncaught = vi.fn();
    vi.stubGlobal("queueMicrotask", (task: () => void) => {
      try {
        task();
      } catch (thrown) {
        uncaught(thrown);
      }
    });
    const { told, open } = client({
      onGap: () => {
        throw new Error("a mistake");
      },
    });
    const { inner, send } = await open();
    send(subscribe("1"));
    inner.receive([{ type: "ping", payload: { gap: { id: "1", position: at(1) } } }, next("1", 2)]);
    vi.unstubAllGlobals();
    expect(told.messages).toEqual([next("1", 2)]);
    expect(uncaught).toHaveBeenCalledWith(new Error("a mistake"));
  });
});

describe("[C14] liveness", () => {
  test("[C14] a ping without an answer ends the socket at once, without waiting for a close", async () => {
    const { told, open } = client();
    const { inner, send } = await open();
    send({ type: "ping" });
    await vi.advanceTimersByTimeAsync(9_999);
    expect(told.closes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told.closes).toEqual([{ code: 1006, reason: "No answer to a ping", wasClean: false }]);
    expect(inner.closedWith).toBeDefined();
  });

  test("[C14] any frame is an answer", async () => {
    const { told, open } = client();
    const { inner, send } = await open();
    send({ type: "ping" });
    await vi.advanceTimersByTimeAsync(9_000);
    inner.receive(next("1", 1));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told.closes).toEqual([]);
  });

  test("[C14] who does not want this says 0", async () => {
    const { told, open } = client({ pongTimeout: 0 });
    const { send } = await open();
    send({ type: "ping" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told.closes).toEqual([]);
  });

  test("[C14] a page that becomes visible, or comes online, looks whether its socket lives", async () => {
    const page = new FakePage();
    try {
      const { told, open } = client();
      const { inner } = await open();
      page.becomeVisible();
      expect(inner.sent).toEqual([{ type: "ping" }]);
      inner.receive({ type: "pong" });
      await vi.advanceTimersByTimeAsync(60_000);
      expect(told.closes).toEqual([]);
      page.comeOnline();
      expect(inner.sent).toHaveLength(2);
      await vi.advanceTimersByTimeAsync(4_000);
      expect(told.closes.map(({ code }) => code)).toEqual([1006]);
      page.becomeVisible();
      expect(inner.sent).toHaveLength(2);
    } finally {
      page.remove();
    }
  });
});
