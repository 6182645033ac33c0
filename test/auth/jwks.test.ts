import { afterEach, beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { createJwks, type Jwks } from "../../src/auth/jwks.ts";
import { JWKS_URL, KID, makeKey, OTHER_ID, refusalOf, START, TestClock, TestFetch, type TestKey } from "./support.ts";

const MINUTE = 60_000;

let key: TestKey;
let rotated: TestKey;
let clock: TestClock;
let network: TestFetch;
let jwks: Jwks;

beforeAll(async () => {
  key = await makeKey();
  rotated = await makeKey(OTHER_ID);
});

let warn: MockInstance<typeof console.warn>;

beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockReturnValue();
  clock = new TestClock();
  network = new TestFetch();
  network.serve(key.jwk);
  jwks = createJwks({ url: JWKS_URL, now: clock.now, fetch: network.fetch });
});

afterEach(() => {
  vi.useRealTimers();
  warn.mockRestore();
});

/** Looks up for a token that was issued just now. */
function find(kid = KID) {
  return jwks.find(kid, Math.floor(clock.time / 1000));
}

function unavailable(kid = KID): Promise<string> {
  return refusalOf(find(kid), "KEYS_UNAVAILABLE");
}

function kidOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

describe("what is fetched", () => {
  it("a key of the set is found, and the set is fetched once, by a plain GET that follows nothing", async () => {
    expect(await find()).toMatchObject({ type: "public" });
    expect(await find()).toBeDefined();
    expect(network.calls).toBe(1);
    expect(network.lastInit).toMatchObject({ redirect: "manual" });
    expect(network.lastInit?.method).toBeUndefined();
  });

  it("a kid is matched in any case of letters", async () => {
    network.serve({ ...key.jwk, kid: KID.toUpperCase() });
    expect(await find()).toBeDefined();
  });

  it("keys of other curves, uses and ids are left out, the rest of the set stays", async () => {
    const p384 = await makeKey(kidOf(1), "ES384");
    const rsa = await makeKey(kidOf(2), "RS256");
    const other = (change: object, index: number) => ({ ...key.jwk, ...change, kid: kidOf(index) });
    network.serve(
      p384.jwk,
      rsa.jwk,
      other({ use: "enc" }, 3),
      other({ alg: "ES384" }, 4),
      other({ x: 5 }, 5),
      other({ x: "AAAA" }, 6),
      { kty: "oct", k: "c2VjcmV0", kid: kidOf(7) },
      { ...key.jwk, kid: "not-a-uuid" },
      [],
      key.jwk,
    );
    expect(await find()).toBeDefined();
    for (let index = 1; index <= 7; index += 1) {
      expect(await jwks.find(kidOf(index), START / 1000 - 1)).toBeUndefined();
    }
  });

  it.each([
    ["an error status", () => new Response("{}", { status: 500 })],
    ["another good status", () => new Response('{"keys":[]}', { status: 203 })],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://evil.example" } })],
    ["no JSON", () => new Response("<html>")],
    ["no body", () => new Response(null)],
    ["another shape", () => Response.json([])],
    ["no list", () => Response.json({ keys: {} })],
    ["null", () => Response.json(null)],
    ["no UTF-8", () => new Response(new Uint8Array([0xff, 0xfe]))],
    ["a network error", () => Promise.reject(new TypeError("fetch failed"))],
  ])("%s is a failure, and never a verdict on the token", async (_, answer) => {
    network.answer = answer;
    expect(await unavailable()).toBe("The keys to verify the token cannot be fetched now.");
  });

  it("64 KiB are read and not a byte more", async () => {
    const padded = (size: number) => {
      const text = JSON.stringify({ keys: [key.jwk] });
      return text + " ".repeat(size - text.length);
    };
    network.answer = () => new Response(padded(64 * 1024 + 1));
    await unavailable();
    clock.advance(10_000);
    network.answer = () => new Response(padded(64 * 1024));
    expect(await find()).toBeDefined();
  });

  it("what went wrong is logged once for each fetch, as nobody is told", async () => {
    network.answer = () => new Response("", { status: 404 });
    await unavailable();
    await unavailable();
    const message = "The keys of JWKS_URL could not be fetched";
    expect(warn).toHaveBeenCalledExactlyOnceWith({ message, error: "JWKS_URL answered with status 404." });
  });

  it("an endless body is left after 64 KiB", async () => {
    let pulled = 0;
    let cancelled = false;
    network.answer = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            pulled += 1;
            controller.enqueue(new Uint8Array(16 * 1024).fill(0x20));
          },
          cancel() {
            cancelled = true;
          },
        }),
      );
    await unavailable();
    expect(cancelled).toBe(true);
    expect(pulled).toBeLessThan(10);
  });

  it("a server that does not answer is given 5 s", async () => {
    vi.useFakeTimers();
    network.answer = (init) =>
      new Promise((_, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      });
    const outcome = unavailable();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await outcome;
    clock.advance(10_000);
    network.serve(key.jwk);
    expect(await find()).toBeDefined();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("how long it is kept", () => {
  it("10 minutes at most: a key withdrawn from the set is gone then", async () => {
    await find();
    network.serve();
    clock.advance(10 * MINUTE - 1);
    expect(await find()).toBeDefined();
    clock.advance(1);
    expect(await find()).toBeUndefined();
    expect(network.calls).toBe(2);
  });

  it("a set that cannot be renewed is not used beyond its time", async () => {
    await find();
    network.answer = () => new Response(null, { status: 503 });
    clock.advance(10 * MINUTE - 1);
    expect(await find()).toBeDefined();
    clock.advance(1);
    await unavailable();
  });

  it("its age counts from when it was asked for", async () => {
    network.answer = () => {
      clock.advance(3_000);
      return Response.json({ keys: [key.jwk] });
    };
    await find();
    clock.advance(10 * MINUTE - 3_001);
    expect(await find()).toBeDefined();
    expect(network.calls).toBe(1);
    clock.advance(1);
    await find();
    expect(network.calls).toBe(2);
  });

  it("known keys serve on while another kid cannot be looked up", async () => {
    await find();
    network.answer = () => new Response(null, { status: 503 });
    clock.advance(MINUTE);
    await unavailable(OTHER_ID);
    expect(await find()).toBeDefined();
  });
});

describe("unknown kids", () => {
  it("one that a fresh set lacks is unknown", async () => {
    expect(await find(OTHER_ID)).toBeUndefined();
    expect(network.calls).toBe(1);
  });

  it("a rotated key is found by its first token", async () => {
    await find();
    clock.advance(MINUTE);
    network.serve(key.jwk, rotated.jwk);
    expect(await find(OTHER_ID)).toBeDefined();
    expect(network.calls).toBe(2);
  });

  it("a kid that could not be looked up yet is unavailable, not wrong", async () => {
    await find();
    network.serve(key.jwk, rotated.jwk);
    clock.advance(9_999);
    await unavailable(OTHER_ID);
    clock.advance(1);
    expect(await find(OTHER_ID)).toBeDefined();
  });

  it("a token older than the set needs no look: its key would be in it", async () => {
    await find();
    clock.advance(5_000);
    expect(await jwks.find(OTHER_ID, START / 1000 - 1)).toBeUndefined();
    expect(network.calls).toBe(1);
  });

  it("is remembered for 10 minutes: the same token causes no second fetch", async () => {
    const issuedAt = START / 1000;
    await jwks.find(OTHER_ID, issuedAt);
    clock.advance(10 * MINUTE - 1);
    expect(await jwks.find(OTHER_ID, issuedAt)).toBeUndefined();
    expect(network.calls).toBe(1);
    clock.advance(1);
    expect(await jwks.find(OTHER_ID, issuedAt)).toBeUndefined();
    expect(network.calls).toBe(2);
  });

  it("a token of an issuer whose clock is ahead is remembered too", async () => {
    const issuedAt = START / 1000 + 60;
    expect(await jwks.find(OTHER_ID, issuedAt)).toBeUndefined();
    clock.advance(1_000);
    expect(await jwks.find(OTHER_ID, issuedAt)).toBeUndefined();
    expect(network.calls).toBe(1);
  });

  it("a kid asked for too early is found once it is published and signs", async () => {
    expect(await find(OTHER_ID)).toBeUndefined();
    network.serve(key.jwk, rotated.jwk);
    clock.advance(20_000);
    expect(await find(OTHER_ID)).toBeDefined();
  });

  it("1,000 are remembered at most, the oldest goes first", async () => {
    // Far ahead, so that none of them is forgotten for its age.
    const issuedAt = START / 1000 + 100_000;
    for (let index = 0; index <= 1_000; index += 1) {
      expect(await jwks.find(kidOf(index), issuedAt)).toBeUndefined();
      clock.advance(10_000);
    }
    expect(network.calls).toBe(1_001);
    await jwks.find(kidOf(1), issuedAt);
    await jwks.find(kidOf(1_000), issuedAt);
    expect(network.calls).toBe(1_001);
    await jwks.find(kidOf(0), issuedAt);
    expect(network.calls).toBe(1_002);
  });
});

describe("how often it is fetched", () => {
  it("once per 10 s, whatever is asked for", async () => {
    await find();
    for (let second = 1; second <= 30; second += 1) {
      clock.advance(1_000);
      await find(kidOf(second)).catch(() => undefined);
    }
    expect(network.calls).toBe(4);
  });

  it("after failures the pause doubles from 10 s to a minute, and a success ends that", async () => {
    network.answer = () => new Response(null, { status: 500 });
    const pauses: number[] = [];
    let last = clock.time;
    for (let calls = 0; pauses.length < 6; clock.advance(1_000)) {
      await unavailable();
      if (network.calls === calls) continue;
      calls = network.calls;
      if (calls > 1) pauses.push((clock.time - last) / 1_000);
      last = clock.time;
    }
    expect(pauses).toEqual([10, 20, 40, 60, 60, 60]);
    clock.advance(MINUTE);
    network.serve(key.jwk);
    expect(await find()).toBeDefined();
    network.answer = () => new Response(null, { status: 500 });
    for (let calls = network.calls; calls < 10; calls = network.calls) {
      clock.advance(10_000);
      await unavailable(OTHER_ID);
      expect(network.calls).toBe(calls + 1);
    }
  });

  it("all who ask at once share one fetch", async () => {
    network.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return Response.json({ keys: [key.jwk] });
    };
    const found = await Promise.all(Array.from({ length: 20 }, () => find()));
    expect(found.every((each) => each !== undefined)).toBe(true);
    expect(network.calls).toBe(1);
  });

  it("all who wait for a fetch that fails are told to come again", async () => {
    network.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return new Response(null, { status: 500 });
    };
    await Promise.all(Array.from({ length: 5 }, () => unavailable()));
    expect(network.calls).toBe(1);
  });

  it("known keys do not wait for a fetch under way", async () => {
    await find();
    clock.advance(MINUTE);
    let finish: (response: Response) => void = () => {};
    network.answer = () => new Promise((resolve) => (finish = resolve));
    const waiting = find(OTHER_ID);
    expect(await find()).toBeDefined();
    finish(Response.json({ keys: [key.jwk, rotated.jwk] }));
    expect(await waiting).toBeDefined();
  });

  it("a fetch whose request was cut off blocks the next one for no more than 10 s", async () => {
    network.answer = () => new Promise(() => {});
    void find();
    clock.advance(5_000);
    await unavailable();
    network.serve(key.jwk);
    clock.advance(5_000);
    expect(await find()).toBeDefined();
  });
});
