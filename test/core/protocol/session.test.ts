import { describe, expect, it } from "vitest";
import {
  nextOrder,
  openSession,
  type ReadySession,
  readySession,
  withOperation,
  withoutOperation,
  withResumeState,
} from "../../../src/core/protocol/session.ts";

const operation = (order: number) => ({ document: "{ a }", variables: "{}", order });

describe("a session", () => {
  it("waits for connection_init as long as it may", () => {
    expect(openSession(1_000, 10)).toEqual({ state: "opening", initBy: 11_000 });
  });

  it("runs nothing after the ack", () => {
    expect(readySession()).toEqual({ state: "ready", operations: new Map() });
  });

  it("takes and loses operations without changing the one before", () => {
    const empty = readySession();
    const one = withOperation(empty, "a", operation(1));
    const two = withOperation(one, "__proto__", operation(2));
    expect([empty, one, two].map(({ operations }) => [...operations.keys()])).toEqual([[], ["a"], ["a", "__proto__"]]);
    expect([...withoutOperation(two, "a").operations.keys()]).toEqual(["__proto__"]);
    expect(two.operations.size).toBe(2);
  });

  it("is the same when an unknown operation is taken out", () => {
    const session = readySession();
    expect(withoutOperation(session, "a")).toBe(session);
  });

  it("keeps its rates beside its operations", () => {
    const session: ReadySession = { ...readySession(), subscribeRate: { tokens: 1, at: 2 } };
    expect(withOperation(session, "a", operation(1)).subscribeRate).toEqual({ tokens: 1, at: 2 });
    expect(withoutOperation(withOperation(session, "a", operation(1)), "a")).toEqual(session);
  });

  it("gives each operation a place behind all that run", () => {
    let session = readySession();
    expect(nextOrder(session)).toBe(1);
    session = withOperation(withOperation(session, "a", operation(1)), "b", operation(7));
    expect(nextOrder(session)).toBe(8);
    expect(nextOrder(withoutOperation(session, "a"))).toBe(8);
  });

  it("keeps how far an operation has come", () => {
    const session = withOperation(readySession(), "a", operation(1));
    const behind = withResumeState(session, "a", { cursor: 7 });
    expect(behind.operations.get("a")).toEqual({ ...operation(1), resume: { cursor: 7 } });
    expect(withResumeState(behind, "a", {}).operations.get("a")?.resume).toEqual({});
    expect(session.operations.get("a")).toEqual(operation(1));
    expect(withResumeState(session, "b", {})).toBe(session);
  });

  it("survives structured cloning in every state", () => {
    const ready = withOperation(readySession(), "a", operation(1));
    for (const session of [openSession(0, 1), { state: "initialising" as const }, ready]) {
      expect(structuredClone(session)).toEqual(session);
    }
  });
});
