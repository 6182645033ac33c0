import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PublishRequest, PublishSource } from "../../src/core/pubsub/publish-request.ts";
import type { ReplayLog, Retention } from "../../src/core/pubsub/replay-log.ts";

export interface ReplayLogHost {
  /** Makes a log that holds nothing. Called once within each run. */
  readonly open: (retention: Retention) => ReplayLog;
  /** Gives the same log as a restart of the process would find it. Default: nothing restarts. */
  readonly reopen?: (log: ReplayLog, retention: Retention) => ReplayLog;
  /** Runs a test, or a part of one, with a storage of its own. Default: right here. */
  readonly within?: (run: () => void) => void | Promise<void>;
}

const T0 = 1_788_220_800_000;
const SECOND = 1_000;
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** Keeps everything for ever, but for what a test says. */
const retention = (changes: Partial<Retention> = {}): Retention => ({
  maxAgeMs: NO_LIMIT,
  maxEvents: NO_LIMIT,
  maxBytes: NO_LIMIT,
  idMemoryMs: { direct: NO_LIMIT, queue: NO_LIMIT },
  ...changes,
});

/** Lets every row go as soon as it is older than a second. */
const brief = (changes: Partial<Retention> = {}) => retention({ maxAgeMs: SECOND, maxEvents: 0, ...changes });

const request = (id: string, changes: Partial<PublishRequest> = {}): PublishRequest => ({
  id,
  digest: `digest of ${id}`,
  source: "direct",
  events: 1,
  body: `body of ${id}`,
  ...changes,
});

const bytesOf = (text: string) => new TextEncoder().encode(text).length;
const idsIn = (log: ReplayLog, offset = log.extent().floor) =>
  log.read(offset, 1_000, NO_LIMIT).map(({ body }) => body.replace("body of ", ""));

/** What any replay log does, whatever it is made of. Where it can restart, it does so before every call as well. */
export function describeReplayLog(name: string, host: ReplayLogHost): void {
  describeLog(name, host, (log) => log);
  const { reopen } = host;
  if (reopen === undefined) return;
  describeLog(`${name}, restarted before every call`, host, (log, kept) =>
    restarting(log, (last) => reopen(last, kept)),
  );
}

function describeLog(
  name: string,
  { open, within = (run) => run() }: ReplayLogHost,
  wrap: (log: ReplayLog, retention: Retention) => ReplayLog,
): void {
  /** Runs something with a log of its own, and gives back what it made of it. */
  async function withLog<Result>(kept: Retention, run: (log: ReplayLog) => Result): Promise<Result> {
    let result: { readonly value: Result } | undefined;
    await within(() => {
      result = { value: run(wrap(open(kept), kept)) };
    });
    if (result === undefined) throw new Error("Nothing was run.");
    return result.value;
  }
  const itWith = (sentence: string, kept: Retention, test: (log: ReplayLog) => void) =>
    it(sentence, () => withLog(kept, test));

  describe(`${name}: offsets`, () => {
    itWith("[LOG-1] begin before the first event", retention(), (log) => {
      expect(log.head).toBe(0);
      expect(log.extent()).toEqual({ floor: 0, head: 0, rows: 0, bytes: 0 });
      expect([log.floor, log.totalBytes]).toEqual([0, 0]);
      expect(log.read(0, 10, NO_LIMIT)).toEqual([]);
      expect(log.trim(T0, 10)).toBe(0);
    });

    itWith("[LOG-1] count events, and a row has that of its last", retention(), (log) => {
      expect(log.append(request("a"), T0)).toEqual({ offset: 1, events: 1, at: T0, body: "body of a" });
      expect(log.append(request("b", { events: 3 }), T0)?.offset).toBe(4);
      expect(log.append(request("c"), T0)?.offset).toBe(5);
      expect(log.head).toBe(5);
    });

    itWith("[LOG-8] go on after everything was let go of", brief({ idMemoryMs: { direct: 0, queue: 0 } }), (log) => {
      log.append(request("a", { events: 2 }), T0);
      log.trim(T0 + 10 * SECOND, 100);
      expect(log.extent()).toEqual({ floor: 2, head: 2, rows: 0, bytes: 0 });
      expect(log.append(request("b"), T0 + 10 * SECOND)?.offset).toBe(3);
    });
  });

  describe(`${name}: reading`, () => {
    const abc = (log: ReplayLog) => {
      log.append(request("a"), T0);
      log.append(request("b", { events: 3 }), T0 + 1);
      log.append(request("c"), T0 + 2);
    };

    itWith("gives whole rows, oldest first", retention(), (log) => {
      abc(log);
      expect(log.read(0, 10, NO_LIMIT)).toEqual([
        { offset: 1, events: 1, at: T0, body: "body of a" },
        { offset: 4, events: 3, at: T0 + 1, body: "body of b" },
        { offset: 5, events: 1, at: T0 + 2, body: "body of c" },
      ]);
    });

    itWith("begins with the row that holds the next event", retention(), (log) => {
      abc(log);
      expect([0, 1, 2, 3, 4, 5, 6].map((offset) => idsIn(log, offset).join(""))).toEqual([
        "abc",
        "bc",
        "bc",
        "bc",
        "c",
        "",
        "",
      ]);
    });

    itWith("goes page by page", retention(), (log) => {
      abc(log);
      expect(log.read(0, 0, NO_LIMIT)).toEqual([]);
      const first = log.read(0, 2, NO_LIMIT);
      expect(first.map(({ offset }) => offset)).toEqual([1, 4]);
      expect(log.read(first.at(-1)?.offset ?? 0, 2, NO_LIMIT).map(({ offset }) => offset)).toEqual([5]);
    });

    itWith("ends a page with the row that fills it, in bytes of UTF-8, and never without a row", retention(), (log) => {
      for (const id of ["a", "b", "c"]) log.append(request(id, { body: "漢漢" }), T0);
      expect([0, 1, 6, 7, 12, 13].map((bytes) => log.read(0, 10, bytes).length)).toEqual([1, 1, 1, 2, 2, 3]);
      expect(log.read(0, 1, NO_LIMIT)).toHaveLength(1);
    });

    itWith("begins at the floor for whoever asks further back", brief(), (log) => {
      abc(log);
      log.append(request("d"), T0 + 10 * SECOND);
      log.trim(T0 + 10 * SECOND, 2);
      expect(log.extent().floor).toBe(4);
      expect(idsIn(log, 0)).toEqual(["c", "d"]);
      expect(idsIn(log, 4)).toEqual(["c", "d"]);
    });

    itWith("gives any body back as it was", retention(), (log) => {
      const bodies = ["", '"', "漢🚰\0\n", "null", "x".repeat(1_000_000)];
      for (const [i, body] of bodies.entries()) log.append(request(`${i}`, { body }), T0);
      expect(log.read(0, 10, NO_LIMIT).map(({ body }) => body)).toEqual(bodies);
      expect(log.extent().bytes).toBe(bodies.reduce((sum, body) => sum + bytesOf(body), 0));
    });
  });

  describe(`${name}: time`, () => {
    itWith("[LOG-6] never steps back", retention(), (log) => {
      const clock = [T0, T0 - 5, T0 + 5, T0 + 4, 0];
      for (const [i, now] of clock.entries()) log.append(request(`${i}`), now);
      expect(log.read(0, 10, NO_LIMIT).map(({ at }) => at)).toEqual([T0, T0, T0 + 5, T0 + 5, T0 + 5]);
    });

    itWith("[LOG-6] does not step back behind what was let go of either", brief(), (log) => {
      log.append(request("a"), T0);
      log.trim(T0 + 10 * SECOND, 100);
      expect(log.append(request("b"), T0 - 5)?.at).toBe(T0);
    });
  });

  describe(`${name}: retention`, () => {
    const five = (log: ReplayLog) => {
      for (const id of ["a", "b", "c", "d", "e"]) log.append(request(id), T0);
    };

    itWith(
      "[LOG-4] lets go of rows older than the age, both sides",
      retention({ maxAgeMs: SECOND, maxEvents: 0 }),
      (log) => {
        log.append(request("a"), T0);
        log.append(request("b"), T0 + 1);
        log.append(request("c"), T0 + 2);
        log.trim(T0 + SECOND, 100);
        expect(idsIn(log)).toEqual(["a", "b", "c"]);
        log.trim(T0 + SECOND + 1, 100);
        expect(idsIn(log)).toEqual(["b", "c"]);
      },
    );

    itWith("[LOG-4] keeps the newest events, however old", retention({ maxAgeMs: SECOND, maxEvents: 3 }), (log) => {
      five(log);
      log.trim(T0 + 60 * SECOND, 100);
      expect(idsIn(log)).toEqual(["c", "d", "e"]);
    });

    itWith(
      "[LOG-4] keeps what is young, however many events come after it",
      retention({ maxAgeMs: SECOND, maxEvents: 1 }),
      (log) => {
        five(log);
        log.trim(T0 + SECOND, 100);
        expect(idsIn(log)).toEqual(["a", "b", "c", "d", "e"]);
        log.trim(T0 + SECOND + 1, 100);
        expect(idsIn(log)).toEqual(["e"]);
      },
    );

    itWith(
      "[LOG-4] keeps a row whole while one of its events is among the newest",
      retention({ maxAgeMs: SECOND, maxEvents: 3 }),
      (log) => {
        log.append(request("a", { events: 3 }), T0);
        log.append(request("b", { events: 2 }), T0);
        log.trim(T0 + 60 * SECOND, 100);
        expect(idsIn(log)).toEqual(["a", "b"]);
        log.append(request("c"), T0);
        log.trim(T0 + 60 * SECOND, 100);
        expect(idsIn(log)).toEqual(["b", "c"]);
      },
    );

    itWith("[LOG-4] lets go of the oldest rows past the bytes, both sides", retention({ maxBytes: 10 }), (log) => {
      for (const [id, body] of [
        ["a", "漢"],
        ["b", "xxx"],
        ["c", "🚰"],
      ] as const)
        log.append(request(id, { body }), T0);
      log.trim(T0, 100);
      expect(log.extent()).toEqual({ floor: 0, head: 3, rows: 3, bytes: 10 });
      log.append(request("d", { body: "x" }), T0);
      log.trim(T0, 100);
      expect(log.extent()).toEqual({ floor: 1, head: 4, rows: 3, bytes: 8 });
    });

    itWith("[LOG-4] lets go of a row that alone is past the bytes", retention({ maxBytes: 10 }), (log) => {
      log.append(request("a", { body: "x" }), T0);
      log.append(request("b", { body: "x".repeat(11) }), T0);
      log.trim(T0, 100);
      expect(log.extent()).toEqual({ floor: 2, head: 2, rows: 0, bytes: 0 });
    });

    itWith("reaches back to its floor exactly, after every trim", brief(), (log) => {
      for (let i = 1; i <= 5; i++) log.append(request(`${i}`, { events: i, body: "x".repeat(i) }), T0);
      const extents = [0, 1, 2, 3, 4].map(() => {
        log.trim(T0 + 60 * SECOND, 1);
        return log.extent();
      });
      expect(extents).toEqual([
        { floor: 1, head: 15, rows: 4, bytes: 14 },
        { floor: 3, head: 15, rows: 3, bytes: 12 },
        { floor: 6, head: 15, rows: 2, bytes: 9 },
        { floor: 10, head: 15, rows: 1, bytes: 5 },
        { floor: 15, head: 15, rows: 0, bytes: 0 },
      ]);
    });

    itWith("lets nothing go before it is asked to", brief(), (log) => {
      five(log);
      log.append(request("f"), T0 + 60 * SECOND);
      expect(idsIn(log)).toEqual(["a", "b", "c", "d", "e", "f"]);
    });
  });

  describe(`${name}: ids`, () => {
    const memory = (direct: number, queue: number) =>
      brief({ idMemoryMs: { direct: direct * SECOND, queue: queue * SECOND } });
    /** Rows of both kinds, and one behind them that stays the newest. */
    const both = (log: ReplayLog) => {
      log.append(request("direct"), T0);
      log.append(request("queue", { source: "queue", events: 2 }), T0);
      log.append(request("newest"), T0);
    };
    const known = (log: ReplayLog) => ["direct", "queue", "newest"].filter((id) => log.find(id) !== undefined);

    itWith("[LOG-5] are known with what they stood for", retention(), (log) => {
      both(log);
      expect(log.find("queue")).toEqual({ digest: "digest of queue", offset: 3, events: 2 });
      for (const id of ["", "QUEUE", "queue ", "__proto__", "constructor", "%"]) expect(log.find(id)).toBeUndefined();
    });

    itWith("[LOG-5] may be any text", retention(), (log) => {
      const ids = ["__proto__", "constructor", " ", "'", "%", "漢🚰", "x".repeat(128)];
      for (const id of ids) log.append(request(id), T0);
      expect(ids.map((id) => log.find(id)?.offset)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    itWith("[LOG-5] outlive the bodies of their rows", memory(10, 100), (log) => {
      both(log);
      log.trim(T0 + 5 * SECOND, 100);
      expect(log.extent().rows).toBe(0);
      expect(log.find("direct")).toEqual({ digest: "digest of direct", offset: 1, events: 1 });
      expect(known(log)).toEqual(["direct", "queue", "newest"]);
    });

    itWith(
      "[LOG-5] are forgotten when their time has passed, both sides, and those of the queue later",
      memory(10, 100),
      (log) => {
        both(log);
        const knownAt = (ms: number) => {
          log.trim(T0 + ms, 100);
          return known(log);
        };
        expect(knownAt(10 * SECOND)).toEqual(["direct", "queue", "newest"]);
        expect(knownAt(10 * SECOND + 1)).toEqual(["queue", "newest"]);
        expect(knownAt(100 * SECOND)).toEqual(["queue", "newest"]);
        expect(knownAt(100 * SECOND + 1)).toEqual(["newest"]);
      },
    );

    itWith(
      "[LOG-5] are not forgotten while their row is in the log",
      retention({ idMemoryMs: { direct: 0, queue: 0 } }),
      (log) => {
        both(log);
        log.trim(T0 + 1_000 * SECOND, 100);
        expect(known(log)).toEqual(["direct", "queue", "newest"]);
      },
    );

    itWith("[LOG-8] of the newest row are never forgotten", memory(0, 0), (log) => {
      both(log);
      log.trim(T0 + 1_000 * SECOND, 100);
      expect(known(log)).toEqual(["newest"]);
      log.append(request("later"), T0 + 1_000 * SECOND);
      log.trim(T0 + 2_000 * SECOND, 100);
      expect(known(log)).toEqual([]);
      expect(log.find("later")).toBeDefined();
    });

    itWith("are written once", retention(), (log) => {
      log.append(request("a"), T0);
      expect(log.append(request("a", { digest: "another" }), T0)).toBeUndefined();
      expect(log.extent()).toMatchObject({ head: 1, rows: 1, bytes: log.totalBytes });
      expect(log.append(request("b"), T0)?.offset).toBe(2);
    });

    itWith("may be used again once they are forgotten", memory(0, 0), (log) => {
      both(log);
      log.trim(T0 + 1_000 * SECOND, 100);
      expect(log.append(request("direct", { digest: "another" }), T0 + 1_000 * SECOND)?.offset).toBe(5);
      expect(log.find("direct")).toEqual({ digest: "another", offset: 5, events: 1 });
    });
  });

  describe(`${name}: trimming in steps`, () => {
    const kept = brief({ maxEvents: 4, idMemoryMs: { direct: 10 * SECOND, queue: 30 * SECOND } });
    const sources: readonly PublishSource[] = ["queue", "queue", "queue", "direct", "direct", "queue", "direct"];
    /** 21 rows, a second apart: 25 s later all of the queue's ids are remembered, 60 s later none of any kind. */
    const fill = (log: ReplayLog) => {
      for (let i = 0; i < 21; i++) {
        const source = sources[i % sources.length] ?? "direct";
        log.append(request(`${i}`, { source, events: 1 + (i % 3), body: "漢".repeat(i) }), T0 + i * SECOND);
      }
    };
    const stateOf = (log: ReplayLog) => ({
      extent: log.extent(),
      rows: log.read(0, 1_000, NO_LIMIT),
      ids: Array.from({ length: 21 }, (_, i) => log.find(`${i}`)),
    });

    const inOneGo = (now: number) =>
      withLog(kept, (log) => {
        fill(log);
        log.trim(now, 1_000);
        return stateOf(log);
      });

    for (const now of [T0 + 25 * SECOND, T0 + 40 * SECOND, T0 + 60 * SECOND]) {
      const later = `${(now - T0) / SECOND} s later`;

      it.each([1, 2, 5, 20])(
        `lets go of at most so many at once, and ends as in one go (%i, ${later})`,
        async (step) => {
          const { steps, state } = await withLog(kept, (log) => {
            fill(log);
            const steps = Array.from({ length: 200 }, () => log.trim(now, step));
            return { steps, state: stateOf(log) };
          });
          expect(state).toEqual(await inOneGo(now));
          expect(Math.max(...steps)).toBeLessThanOrEqual(step);
        },
      );

      it(`says 0 only when nothing is left (${later})`, async () => {
        const state = await withLog(kept, (log) => {
          fill(log);
          for (let steps = 0; steps < 200 && log.trim(now, 1) > 0; steps++);
          return stateOf(log);
        });
        expect(state).toEqual(await inOneGo(now));
      });
    }
  });

  it(`${name} holds together, whatever is appended and trimmed`, async () => {
    const append = fc.record({
      source: fc.constantFrom<PublishSource[]>("direct", "queue"),
      events: fc.integer({ min: 1, max: 4 }),
      body: fc.constantFrom("", "x", "漢漢", "🚰🚰🚰"),
      after: fc.integer({ min: -500, max: 2_000 }),
      trims: fc.nat(6),
    });
    const keeping = fc.record({
      maxAgeMs: fc.constantFrom(0, 2_000, 8_000),
      maxEvents: fc.constantFrom(0, 3, 20),
      maxBytes: fc.constantFrom(10, 40, NO_LIMIT),
      idMemoryMs: fc.constantFrom({ direct: 1_000, queue: 5_000 }, { direct: 4_000, queue: 20_000 }),
    });
    await fc.assert(
      fc.asyncProperty(keeping, fc.array(append, { maxLength: 20 }), (kept, appends) =>
        withLog(kept, (log) => {
          const model = new Model();
          let now = T0;
          let latest = T0;
          for (const [i, { after, trims, ...rest }] of appends.entries()) {
            now += after;
            latest = Math.max(latest, now);
            model.append(`${i}`, log.append(request(`${i}`, rest), now), rest.source);
            const trimmed = log.trim(now, trims);
            expect(trimmed).toBeLessThanOrEqual(trims);
            model.check(log, latest, kept);
          }
        }),
      ),
      { numRuns: 40 },
    );
  });
}

interface Written {
  readonly id: string;
  readonly offset: number;
  readonly events: number;
  readonly at: number;
  readonly bytes: number;
  readonly source: PublishSource;
}

/** Everything that was ever written, against which a log must hold. */
class Model {
  readonly #written: Written[] = [];

  append(id: string, row: ReturnType<ReplayLog["append"]>, source: PublishSource): void {
    if (row === undefined) throw new Error(`The id ${id} is known.`);
    const { offset, events, at, body } = row;
    const last = this.#written.at(-1);
    expect(offset).toBe((last?.offset ?? 0) + events);
    expect(at).toBeGreaterThanOrEqual(last?.at ?? 0);
    this.#written.push({ id, offset, events, at, bytes: bytesOf(body), source });
  }

  /** @param now the latest time that the log was told of */
  check(log: ReplayLog, now: number, { maxAgeMs, maxEvents, maxBytes, idMemoryMs }: Retention): void {
    const { floor, head, rows, bytes } = log.extent();
    const left = this.#written.filter(({ offset }) => offset > floor);
    const newest = this.#written.at(-1)?.offset ?? 0;
    expect([head, log.head]).toEqual([newest, newest]);
    // From the floor to the head, without a hole.
    expect(log.read(0, 1_000, NO_LIMIT).map(({ offset, at }) => [offset, at])).toEqual(
      left.map(({ offset, at }) => [offset, at]),
    );
    expect(rows).toBe(left.length);
    expect(log.floor).toBe(floor);
    expect(log.totalBytes).toBe(this.#written.reduce((sum, row) => sum + row.bytes, 0));
    expect(bytes).toBe(left.reduce((sum, row) => sum + row.bytes, 0));
    expect(floor).toBe(left[0] === undefined ? head : left[0].offset - left[0].events);
    for (const { id, offset, events, at, source } of this.#written) {
      const found = log.find(id);
      if (found !== undefined) expect(found).toMatchObject({ offset, events, digest: `digest of ${id}` });
      // What must still be there, whatever was trimmed.
      const remembered = offset > floor || now - at <= idMemoryMs[source] || offset === head;
      if (remembered) expect(found).toBeDefined();
    }
    if (maxBytes < NO_LIMIT) return;
    const spared = this.#written.filter(({ offset, at }) => now - at <= maxAgeMs || offset > head - maxEvents);
    expect(spared.every(({ offset }) => offset > floor)).toBe(true);
  }
}

/** The log, made anew before every use of it. */
function restarting(first: ReplayLog, restart: (log: ReplayLog) => ReplayLog): ReplayLog {
  let log = first;
  return new Proxy(first, {
    get(_, property) {
      log = restart(log);
      const member: unknown = Reflect.get(log, property, log);
      return typeof member === "function" ? member.bind(log) : member;
    },
  });
}
