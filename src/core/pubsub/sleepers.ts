import type { Interest } from "./subscription-index.ts";

/**
 * Those that sleep until something is for them, each found by what it wants to hear of. A want is a hash: where two of them
 * are the same by accident, somebody is woken for nothing.
 */
export class Sleepers<Sleeper> implements Iterable<Sleeper> {
  readonly #sleepers = new Set<Sleeper>();
  readonly #byWant = new Map<number, Sleeper[]>();

  /** Whether one of them wants anything. */
  get wantAnything(): boolean {
    return this.#byWant.size > 0;
  }

  [Symbol.iterator](): Iterator<Sleeper> {
    return this.#sleepers.values();
  }

  /** @param wants as of `wantOf` */
  add(sleeper: Sleeper, wants: readonly number[]): void {
    this.#sleepers.add(sleeper);
    for (const want of wants) {
      const others = this.#byWant.get(want);
      if (others === undefined) this.#byWant.set(want, [sleeper]);
      else others.push(sleeper);
    }
  }

  /** Returns whether it slept. */
  delete(sleeper: Sleeper): boolean {
    const slept = this.#sleepers.delete(sleeper);
    if (this.#sleepers.size === 0) this.#byWant.clear();
    return slept;
  }

  /** Those that want to hear of a topic. Whoever is given one wakes it: it is not found by the same want again. */
  *wanting(field: string, topic: readonly string[]): Generator<Sleeper> {
    for (const want of wantsFor(field, topic)) {
      const sleepers = this.#byWant.get(want);
      if (sleepers === undefined) continue;
      this.#byWant.delete(want);
      yield* sleepers;
    }
  }
}

/** What stands for an interest in a field where no more than this is kept of it. */
export function wantOf(field: string, interest: Interest): number {
  return hash(`${field} ${interest.map(encodePart).join(" ")}`);
}

/** What stands for each interest that fits a topic. */
function wantsFor(field: string, topic: readonly string[]): number[] {
  return Array.from({ length: 1 << topic.length }, (_, anyOf) =>
    wantOf(
      field,
      topic.map((part, i) => (anyOf & (1 << i) ? undefined : part)),
    ),
  );
}

/** Quoted, so that no text from outside can be mistaken for two parts or for none. */
function encodePart(part: string | undefined): string {
  return part === undefined ? "*" : JSON.stringify(part);
}

/** FNV-1a, in as many bits as V8 holds without an object. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 2;
}
