import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../../src/core/limits.ts";
import {
  openSession,
  type ReadySession,
  readySession,
  type Session,
  withOperation,
} from "../../../src/core/protocol/session.ts";
import { backpressurePong, type Effect, operationError, step } from "../../../src/core/protocol/step.ts";
import { anyText } from "../../support/any-text.ts";

const NOW = 1_788_220_800_000;
const OPENING = openSession(NOW, 10);
const INITIALISING: Session = { state: "initialising" };
const READY = readySession();
const STATES: readonly Session[] = [OPENING, INITIALISING, READY];

const SUBSCRIBE = { type: "subscribe", id: "1", payload: { query: "{ a }" } };
const RUNNING = withOperation(READY, "1", { document: "{ a }", variables: "{}", order: 1 });

const take = (session: Session, message: unknown, limits: Partial<Limits> = {}, now = NOW) => {
  const frame = typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message);
  return step(session, frame, { now, limits: { ...DEFAULT_LIMITS, ...limits } });
};
const effectsOf = (...args: Parameters<typeof take>): readonly Effect[] => take(...args).effects;
const closeOf = (...args: Parameters<typeof take>) => {
  const [effect, ...more] = effectsOf(...args);
  return effect?.type === "close" && more.length === 0 ? effect.event : undefined;
};

describe("connection_init", () => {
  it("is looked at once, with its payload", () => {
    expect(take(OPENING, { type: "connection_init", payload: { token: "t" } })).toEqual({
      session: INITIALISING,
      effects: [{ type: "initialise", payload: { token: "t" } }],
    });
    expect(effectsOf(OPENING, { type: "connection_init" })).toEqual([{ type: "initialise", payload: {} }]);
  });

  it.each([INITIALISING, READY, RUNNING])("[AUTH-8] closes 4429 when it comes again ($state)", (session) => {
    const event = { code: 4429, reason: "Too many initialisation requests" };
    expect(closeOf(session, { type: "connection_init" })).toEqual(event);
  });
});

describe("before the ack", () => {
  it.each([OPENING, INITIALISING])("[AUTH-7] subscribe closes 4401 ($state)", (session) => {
    expect(closeOf(session, SUBSCRIBE)).toEqual({ code: 4401, reason: "Unauthorized" });
  });

  it.each([OPENING, INITIALISING])("[AUTH-7] complete closes 4401 ($state)", (session) => {
    expect(closeOf(session, { type: "complete", id: "1" })).toEqual({ code: 4401, reason: "Unauthorized" });
  });

  it("[LIMIT-2] a frame may have 16 KiB, both sides, and more after it", () => {
    const envelope = '{"type":"connection_init","payload":{"a":""}}';
    const frame = (bytes: number) => envelope.replace('""', `"${"x".repeat(bytes - envelope.length)}"`);
    expect(effectsOf(OPENING, frame(16_384))).toMatchObject([{ type: "initialise" }]);
    expect(closeOf(OPENING, frame(16_385))?.code).toBe(4400);
    expect(closeOf(INITIALISING, frame(16_385))?.code).toBe(4400);
    expect(closeOf(READY, frame(16_385))?.code).toBe(4429);
  });

  it.each([OPENING, INITIALISING])("[PING-3] a ping with a payload closes 4400 ($state)", (session) => {
    expect(closeOf(session, { type: "ping", payload: {} })?.code).toBe(4400);
  });
});

describe("ping and pong", () => {
  it.each(STATES)("[PING-1] a ping is answered by a pong ($state)", (session) => {
    const pong = { session, effects: [{ type: "send", message: { type: "pong" } }] };
    expect(take(session, { type: "ping" })).toEqual(pong);
    expect(take(session, { type: "ping", payload: null })).toEqual(pong);
  });

  it("[PING-2] a ping with a payload is answered by a pong with the same payload", () => {
    const payload = JSON.parse('{"b":[1,{"x":null}],"a":"é","__proto__":{"c":1},"type":"ping"}');
    expect(effectsOf(READY, { type: "ping", payload })).toEqual([{ type: "send", message: { type: "pong", payload } }]);
    expect(JSON.stringify(effectsOf(READY, { type: "ping", payload }))).toContain(JSON.stringify(payload));
  });

  it.each(STATES)("[PING-4] a pong is listened to and changes nothing ($state)", (session) => {
    for (const payload of [undefined, {}, { accessToken: "t" }, { backpressure: "yes" }]) {
      expect(take(session, { type: "pong", payload })).toEqual({ session, effects: [] });
    }
  });

  it("a pong with the edge's key says whether its client reads too slowly", () => {
    const context = { now: NOW, limits: DEFAULT_LIMITS, edgeKey: "k" };
    for (const isOn of [true, false]) {
      const pong = backpressurePong(isOn, "k");
      expect(step(READY, pong, context)).toEqual({ session: READY, effects: [{ type: "backpressure", isOn }] });
      expect(step(OPENING, pong, context).effects).toEqual([]);
    }
  });

  it.each<[string, object, string | undefined]>([
    ["without a key", { backpressure: true }, "k"],
    ["with another key", { backpressure: true, key: "l" }, "k"],
    ["with a key that is no text", { backpressure: true, key: ["k"] }, "k"],
    ["with any key, where the edge has none", { backpressure: true, key: "k" }, undefined],
    ["without a key, where the edge has none", { backpressure: true }, undefined],
    ["that says neither yes nor no", { backpressure: "yes", key: "k" }, "k"],
  ])("[PING-4] a pong about backpressure %s is a client's, and changes nothing", (_, payload, edgeKey) => {
    const frame = JSON.stringify({ type: "pong", payload });
    const context = { now: NOW, limits: DEFAULT_LIMITS, edgeKey };
    expect(step(READY, frame, context)).toEqual({ session: READY, effects: [] });
  });

  it("[REFRESH-1] a ping with an accessToken brings a newer token", () => {
    const ping = { type: "ping", payload: { accessToken: "t", n: 1 } };
    expect(take(READY, ping)).toEqual({ session: READY, effects: [{ type: "refresh", token: "t" }] });
  });

  it.each(["t", ["t"], { token: "t" }, 7, null])("[REFRESH-4] the accessToken %j is never echoed", (accessToken) => {
    for (const session of STATES) {
      const sent = effectsOf(session, { type: "ping", payload: { accessToken, n: 1 } }).filter(isSent);
      expect(sent).toEqual(sent.map(() => ({ type: "send", message: { type: "pong" } })));
    }
  });
});

describe("subscribe", () => {
  it("asks for an operation under its id", () => {
    expect(effectsOf(READY, SUBSCRIBE)).toEqual([{ type: "subscribe", id: "1", payload: { query: "{ a }" } }]);
  });

  it.each(["__proto__", "constructor", "toString", " ", "漢"])("[OP-1] takes %j as an id", (id) => {
    expect(effectsOf(READY, { ...SUBSCRIBE, id })).toMatchObject([{ type: "subscribe", id }]);
  });

  it("[OP-2] closes 4409 under an id that runs", () => {
    expect(closeOf(RUNNING, SUBSCRIBE)).toEqual({ code: 4409, reason: "Subscriber for 1 already exists" });
  });

  it.each(["x".repeat(128), "é".repeat(128), "🚰".repeat(64)])("[CLOSE-1] cuts the reason of a long id", (id) => {
    const session = withOperation(READY, id, { document: "", variables: "{}", order: 1 });
    const { code, reason = "" } = closeOf(session, { ...SUBSCRIBE, id }) ?? {};
    expect(code).toBe(4409);
    expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(123);
    expect(`Subscriber for ${id}`.startsWith(reason)).toBe(true);
    expect(reason.length).toBeGreaterThan(60);
  });

  it("[LIMIT-5] is refused under its id past the operations of a socket, both sides", () => {
    const limits = { MAX_OPERATIONS_PER_SOCKET: 2 };
    expect(effectsOf(RUNNING, { ...SUBSCRIBE, id: "2" }, limits)).toMatchObject([{ type: "subscribe" }]);
    const full = withOperation(RUNNING, "2", { document: "{ a }", variables: "{}", order: 2 });
    const { session, effects } = take(full, { ...SUBSCRIBE, id: "3" }, limits);
    expect(effects).toEqual([
      { type: "send", message: operationError("3", "TOO_MANY_OPERATIONS", expect.any(String)) },
    ]);
    expect(JSON.stringify(effects)).toContain("MAX_OPERATIONS_PER_SOCKET");
    expect(session).toMatchObject({ state: "ready", operations: full.operations });
  });

  it("[LIMIT-14] closes 1013 past 50 a second, after a burst of 200", () => {
    const flood = (session: Session, count: number, now: number) => {
      let next = session;
      for (let i = 0; i < count; i++) {
        const { session: after, effects } = take(next, { ...SUBSCRIBE, id: `${i}` }, {}, now);
        if (effects[0]?.type === "close") return { session: after, started: i, close: effects[0].event };
        next = after;
      }
      return { session: next, started: count, close: undefined };
    };
    const burst = flood(READY, 201, NOW);
    expect(burst).toMatchObject({ started: 200, close: { code: 1013 } });
    expect(burst.close?.reason).toContain("MAX_SUBSCRIBES_PER_SECOND");
    expect(flood(burst.session, 51, NOW + 1000)).toMatchObject({ started: 50, close: { code: 1013 } });
    let steady: Session = READY;
    for (let second = 0; second < 10; second++) {
      const { session, close } = flood(steady, 50, NOW + second * 1000);
      expect(close).toBeUndefined();
      steady = session;
    }
  });

  it("[LIMIT-14] counts refused operations too", () => {
    const { session } = take(RUNNING, { ...SUBSCRIBE, id: "2" }, { MAX_OPERATIONS_PER_SOCKET: 1 });
    expect(session).toHaveProperty("subscribeRate.tokens", 199);
  });
});

describe("complete", () => {
  it("[OP-3] ends an operation and frees its id", () => {
    const { session, effects } = take(RUNNING, { type: "complete", id: "1" });
    expect(effects).toEqual([{ type: "unsubscribe", id: "1" }]);
    expect(effectsOf(session, SUBSCRIBE)).toMatchObject([{ type: "subscribe", id: "1" }]);
  });

  it.each(["2", "__proto__", "constructor"])("[OP-3] of an id that does not run (%s) changes nothing", (id) => {
    expect(take(RUNNING, { type: "complete", id })).toEqual({ session: RUNNING, effects: [] });
  });
});

describe("frames that are no message", () => {
  it.each(STATES)("[MSG-1] close 4400 in every state ($state)", (session) => {
    for (const frame of ["", "{", "[]", "null", '{"type":"hello"}', new ArrayBuffer(1)]) {
      expect(take(session, frame)).toMatchObject({ session, effects: [{ type: "close", event: { code: 4400 } }] });
    }
  });

  it("[LIMIT-1] close 4400 past 256 KiB, both sides", () => {
    const envelope = '{"type":"subscribe","id":"1","payload":{"query":""}}';
    const frame = (bytes: number) => envelope.replace('""', `"${"x".repeat(bytes - envelope.length)}"`);
    expect(effectsOf(READY, frame(262_144))).toMatchObject([{ type: "subscribe" }]);
    expect(closeOf(READY, frame(262_145))?.code).toBe(4400);
  });
});

describe("step", () => {
  const anyState = fc.constantFrom<Session[]>(...STATES, RUNNING);
  const type = fc.oneof(
    fc.constantFrom("connection_init", "ping", "pong", "subscribe", "complete", "next", "__proto__"),
    fc.jsonValue(),
  );
  const payload = fc.oneof(
    fc.jsonValue(),
    fc.record(
      { query: fc.oneof(fc.string(), fc.jsonValue()), operationName: fc.jsonValue(), variables: fc.jsonValue() },
      { requiredKeys: [] },
    ),
  );
  const almostMessage = fc.record(
    { type, id: fc.oneof(fc.constant("1"), fc.jsonValue()), payload },
    { requiredKeys: [] },
  );
  const frame = fc.oneof(
    anyText(),
    fc.json(),
    almostMessage.map((message) => JSON.stringify(message)),
    fc.uint8Array().map((bytes) => new Uint8Array(bytes).buffer),
  );

  it("[MSG-1] takes any frame in any state as a message, or closes 44xx, and never throws", () => {
    fc.assert(
      fc.property(anyState, frame, (session, sent) => {
        const { session: after, effects } = take(session, sent);
        return effects.length <= 1 && effects.every((effect) => isInOrder(effect, after));
      }),
      { numRuns: 2_000 },
    );
  });

  it("keeps a session that can be cloned, whatever frames come one after the other", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 10 }), (frames) => {
        let session: Session = OPENING;
        for (const sent of frames) {
          session = take(session, sent).session;
          if (session.state === "initialising") session = readySession();
        }
        return JSON.stringify(structuredClone(session)) === JSON.stringify(session);
      }),
    );
  });

  it("leaves the session that it was given as it was", () => {
    const before: ReadySession = structuredClone(RUNNING);
    take(RUNNING, { type: "complete", id: "1" });
    take(RUNNING, { ...SUBSCRIBE, id: "2" });
    expect(RUNNING).toEqual(before);
  });
});

function isSent({ type }: Effect): boolean {
  return type === "send";
}

function isInOrder(effect: Effect, session: Session): boolean {
  switch (effect.type) {
    case "close":
      return effect.event.code >= 4400 && effect.event.code <= 4499;
    case "send":
      return effect.message.type === "pong";
    case "refresh":
    case "backpressure":
      return session.state === "ready";
    case "initialise":
      return session.state === "initialising";
    case "subscribe":
      return session.state === "ready" && effect.id !== "" && typeof effect.payload.query === "string";
    case "unsubscribe":
      return session.state === "ready" && !session.operations.has(effect.id);
  }
}
