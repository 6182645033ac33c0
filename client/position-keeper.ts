import { isObject, parseJson } from "./json.ts";
import { type PositionStorage, page } from "./page.ts";

/** A page that reloads is back sooner. After that, the app has started afresh and so do its subscriptions. */
const MAX_AGE_MS = 10 * 60_000;
/** Those of pages that never came back would pile up. */
const MAX_POSITIONS = 100;
const WRITE_EVERY_MS = 250;

/** Key of an operation to its position and the time when it was last known to be wanted, oldest first. */
type Kept = Map<string, readonly [position: string, at: number]>;

/** Keeps positions over a reload of the page, for one caller: those of another are thrown away. */
export class PositionKeeper {
  readonly #storage: PositionStorage;
  readonly #item: string;
  /** What to write; without a time while the operation is on a socket. */
  readonly #positions = new Map<string, { readonly position: string; readonly at?: number }>();
  readonly #dropped = new Set<string>();
  #caller: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(storage: PositionStorage, item: string) {
    this.#storage = storage;
    this.#item = item;
    // The last chance to write: what is received afterwards, nobody sees.
    page.addEventListener?.("pagehide", () => this.write());
  }

  /** From now on positions are this caller's; nothing is kept for one that nobody can tell from others. */
  setCaller(caller: string | undefined): void {
    if (caller === this.#caller) return;
    this.#positions.clear();
    this.#dropped.clear();
    this.#caller = caller;
  }

  /** The position that an operation had when the page was left. */
  find(key: string): string | undefined {
    return this.#dropped.has(key) ? undefined : this.#read().get(key)?.[0];
  }

  keep(key: string, position: string): void {
    this.#positions.set(key, { position });
    this.#dropped.delete(key);
    this.#timer ??= setTimeout(() => this.write(), WRITE_EVERY_MS);
  }

  /** The operation lost its socket, and may have been given up since: nobody would say so. */
  rest(key: string): void {
    const kept = this.#positions.get(key);
    if (kept !== undefined) this.#positions.set(key, { ...kept, at: Date.now() });
  }

  /** The operation is over. */
  drop(key: string): void {
    this.#positions.delete(key);
    this.#dropped.add(key);
    this.#timer ??= setTimeout(() => this.write(), WRITE_EVERY_MS);
  }

  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#caller === undefined) return;
    // Read again: another client of the page may have written.
    const kept = this.#read();
    for (const key of this.#dropped) kept.delete(key);
    this.#dropped.clear();
    for (const [key, { position, at }] of this.#positions) {
      kept.delete(key);
      kept.set(key, [position, at ?? Date.now()]);
    }
    const newest = [...kept].slice(-MAX_POSITIONS);
    try {
      this.#storage.setItem(this.#item, JSON.stringify({ caller: this.#caller, positions: newest }));
    } catch {
      // Full or forbidden: a reload then starts afresh.
    }
  }

  #read(): Kept {
    const kept: Kept = new Map();
    const read = this.#caller === undefined ? undefined : parseJson(this.#load());
    if (!isObject(read) || read["caller"] !== this.#caller || !Array.isArray(read["positions"])) return kept;
    for (const entry of read["positions"] as unknown[]) {
      if (!Array.isArray(entry)) continue;
      const [key, value] = entry as unknown[];
      const [position, at] = Array.isArray(value) ? (value as unknown[]) : [];
      if (typeof key !== "string" || typeof position !== "string" || typeof at !== "number") continue;
      if (at > Date.now() - MAX_AGE_MS) kept.set(key, [position, at]);
    }
    return kept;
  }

  #load(): string {
    try {
      return this.#storage.getItem(this.#item) ?? "";
    } catch {
      return "";
    }
  }
}
