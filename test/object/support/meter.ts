import { runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import { WorkspacePubSub } from "../../../durable-objects/workspace-pubsub.ts";
import { type BilledCounts, NOTHING } from "../../../scripts/lib/billed-counts.ts";
import worker from "../../../src/worker.ts";
import type { newWorkspace } from "./workspace.ts";

type Method = (this: object, ...args: unknown[]) => unknown;
type Methods = Record<string, Method>;
type Workspace = ReturnType<typeof newWorkspace>;

/** What the platform calls for a frame or a close of a client. All else that it calls is a request. */
const OF_FRAMES: readonly string[] = ["webSocketMessage", "webSocketClose"];

/**
 * Counts what the platform bills, by standing before the methods that it calls of Worker and object, and before those of
 * the object's storage. It counts for all objects of the process, so that one at a time is measured.
 */
export class Meter {
  #counts = NOTHING;
  readonly #awake = new WeakSet<object>();
  #alarmAt: number | undefined;

  /** @param workspace any: it lends its storage, whose methods all objects share */
  static async start({ stub }: Workspace): Promise<Meter> {
    const meter = new Meter();
    listen(worker as unknown as Methods, "fetch", () => meter.#note({ edgeRequests: 1 }));
    const events = WorkspacePubSub.prototype as unknown as Methods;
    for (const name of Object.getOwnPropertyNames(events)) {
      if (name !== "constructor") listen(events, name, (object) => meter.#noteEvent(object, name));
    }
    await runInDurableObject(stub, (_, { storage }) => {
      listen(Object.getPrototypeOf(storage), "setAlarm", (_self, [at]) => {
        meter.#alarmAt = Number(at);
        meter.#note({ rowsWritten: 1 });
      });
      const sql = Object.getPrototypeOf(storage.sql) as Methods;
      const { exec } = sql;
      sql["exec"] = function (...args) {
        const cursor = exec?.apply(this, args) as SqlStorageCursor<never>;
        // The object reads what it asked for in the same turn.
        queueMicrotask(() => meter.#note({ rowsRead: cursor.rowsRead, rowsWritten: cursor.rowsWritten }));
        return cursor;
      };
    });
    return meter;
  }

  /** When the alarm was last set to go off, epoch ms. */
  get alarmAt(): number {
    if (this.#alarmAt === undefined) throw new Error("No alarm was set.");
    return this.#alarmAt;
  }

  /** What something is billed for that is over when it resolves. */
  async measure(run: () => Promise<unknown>): Promise<BilledCounts> {
    this.#counts = NOTHING;
    await run();
    return this.#counts;
  }

  /** Does something and waits until so many frames have reached objects since. */
  async untilFrames<T>(count: number, run: () => Promise<T>): Promise<T> {
    const enough = this.#counts.frames + count;
    const result = await run();
    const check = () => {
      if (this.#counts.frames < enough) throw new Error(`${this.#counts.frames} of ${enough} frames have come.`);
    };
    await vi.waitFor(check, { interval: 2, timeout: 5_000 });
    return result;
  }

  #noteEvent(object: object, name: string): void {
    const wakes = this.#awake.has(object) ? 0 : 1;
    this.#awake.add(object);
    this.#note({ wakes, ...(OF_FRAMES.includes(name) ? { frames: 1 } : { requests: 1 }) });
  }

  #note(more: Partial<BilledCounts>): void {
    const sums = Object.entries(this.#counts).map(([name, count]) => [
      name,
      count + (more[name as keyof BilledCounts] ?? 0),
    ]);
    this.#counts = Object.fromEntries(sums) as BilledCounts;
  }
}

function listen(methods: Methods, name: string, note: (self: object, args: readonly unknown[]) => void): void {
  const method = methods[name];
  if (method === undefined) throw new Error(`There is no ${name}() to count.`);
  methods[name] = function (...args) {
    note(this, args);
    return method.apply(this, args);
  };
}
