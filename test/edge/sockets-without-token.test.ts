import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { CONNECT_TIMEOUT_MS, SocketsWithoutToken } from "../../src/edge/sockets-without-token.ts";

/** One whose clock stands still until it is set. */
function socketsWithoutToken(max: number) {
  let now = 1_788_220_800_000;
  const limits = { ...DEFAULT_LIMITS, MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS: max };
  const sockets = new SocketsWithoutToken(limits, () => now);
  return { sockets, pass: (ms: number) => (now += ms) };
}

/** The longest that a socket takes to show its token. */
const LONGEST_MS = DEFAULT_LIMITS.INIT_TIMEOUT_SECONDS * 1000 + CONNECT_TIMEOUT_MS;

describe("SocketsWithoutToken", () => {
  it("[LIMIT-21] lets so many in per address, both sides", () => {
    const { sockets } = socketsWithoutToken(2);
    expect(sockets.enter("a")).toBeTypeOf("function");
    expect(sockets.enter("a")).toBeTypeOf("function");
    expect(sockets.enter("a")).toBeUndefined();
    expect(sockets.enter("b")).toBeTypeOf("function");
  });

  it("makes room for each that leaves, once however often it says so", () => {
    const { sockets } = socketsWithoutToken(2);
    const [leave] = [sockets.enter("a"), sockets.enter("a")];
    leave?.();
    leave?.();
    expect(sockets.enter("a")).toBeTypeOf("function");
    expect(sockets.enter("a")).toBeUndefined();
  });

  it("counts nobody twice after a refusal", () => {
    const { sockets } = socketsWithoutToken(1);
    const leave = sockets.enter("a");
    for (let i = 0; i < 10; i++) expect(sockets.enter("a")).toBeUndefined();
    leave?.();
    expect(sockets.enter("a")).toBeTypeOf("function");
  });

  it("remembers no address that has left", () => {
    const { sockets } = socketsWithoutToken(10);
    const leave = Array.from({ length: 1_000 }, (_, i) => sockets.enter(`10.0.${i >> 8}.${i & 255}`));
    expect(sockets.size).toBe(1_000);
    for (const out of leave) out?.();
    expect(sockets.size).toBe(0);
  });

  it("forgets those that never said that they left, and no earlier than they can be there", () => {
    const { sockets, pass } = socketsWithoutToken(2);
    sockets.enter("a");
    pass(LONGEST_MS);
    sockets.enter("a");
    expect(sockets.enter("a")).toBeUndefined();
    pass(6_000);
    expect(sockets.enter("a")).toBeTypeOf("function");
    expect(sockets.enter("a")).toBeUndefined();
    pass(2 * LONGEST_MS);
    sockets.enter("b");
    expect(sockets.size).toBe(1);
  });

  it("counts out nobody else when one leaves that was forgotten", () => {
    const { sockets, pass } = socketsWithoutToken(1);
    const leave = sockets.enter("a");
    pass(2 * LONGEST_MS);
    expect(sockets.enter("a")).toBeTypeOf("function");
    leave?.();
    expect(sockets.enter("a")).toBeUndefined();
  });

  it.each(["__proto__", "constructor", "unknown", ""])("takes %j as an address", (address) => {
    const { sockets } = socketsWithoutToken(1);
    const leave = sockets.enter(address);
    expect(leave).toBeTypeOf("function");
    expect(sockets.enter(address)).toBeUndefined();
    leave?.();
    expect(sockets.size).toBe(0);
  });
});
