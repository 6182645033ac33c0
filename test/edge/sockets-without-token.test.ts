import { describe, expect, it } from "vitest";
import { SocketsWithoutToken } from "../../src/edge/sockets-without-token.ts";

describe("SocketsWithoutToken", () => {
  it("[LIMIT-21] lets so many in per address, both sides", () => {
    const sockets = new SocketsWithoutToken(2);
    expect(sockets.enter("a")).toBeTypeOf("function");
    expect(sockets.enter("a")).toBeTypeOf("function");
    expect(sockets.enter("a")).toBeUndefined();
    expect(sockets.enter("b")).toBeTypeOf("function");
  });

  it("makes room for each that leaves, once however often it says so", () => {
    const sockets = new SocketsWithoutToken(2);
    const [leave] = [sockets.enter("a"), sockets.enter("a")];
    leave?.();
    leave?.();
    expect(sockets.enter("a")).toBeTypeOf("function");
    expect(sockets.enter("a")).toBeUndefined();
  });

  it("counts nobody twice after a refusal", () => {
    const sockets = new SocketsWithoutToken(1);
    const leave = sockets.enter("a");
    for (let i = 0; i < 10; i++) expect(sockets.enter("a")).toBeUndefined();
    leave?.();
    expect(sockets.enter("a")).toBeTypeOf("function");
  });

  it("remembers no address that has left", () => {
    const sockets = new SocketsWithoutToken(10);
    const leave = Array.from({ length: 1_000 }, (_, i) => sockets.enter(`10.0.${i >> 8}.${i & 255}`));
    expect(sockets.size).toBe(1_000);
    for (const out of leave) out?.();
    expect(sockets.size).toBe(0);
  });

  it.each(["__proto__", "constructor", "unknown", ""])("takes %j as an address", (address) => {
    const sockets = new SocketsWithoutToken(1);
    const leave = sockets.enter(address);
    expect(leave).toBeTypeOf("function");
    expect(sockets.enter(address)).toBeUndefined();
    leave?.();
    expect(sockets.size).toBe(0);
  });
});
