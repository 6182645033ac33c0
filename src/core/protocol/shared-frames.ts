import { nextFrameHead } from "./next-frame.ts";

/** Messages of one operation, one after the other. */
export interface Nexts {
  readonly head: string;
  /** Not changed any more. */
  readonly tails: readonly string[];
}

/**
 * Frames that are the same for several sockets, one after the other: clients that number their operations, as ours do,
 * are sent equal ones. By the head alone it is not told, as operations with the same id may ask for other things; all
 * members of a group are given the very same tails.
 */
export class SharedFrames {
  #lastBatch: { readonly all: readonly Nexts[]; readonly frame: string } = { all: [], frame: "" };
  #head = "";
  #tails: readonly string[] = [];
  #frames: readonly string[] = [];

  /** A frame of messages: one as it is, several as an array. It is made for the first socket only. */
  of(all: readonly Nexts[]): string {
    if (!areSame(all, this.#lastBatch.all)) this.#lastBatch = { all: [...all], frame: framed(all) };
    return this.#lastBatch.frame;
  }

  /** A frame for each message of one operation; undefined when its id is none that another socket may have as well. */
  each(head: string, tails: readonly string[]): readonly string[] | undefined {
    if (head.length > LONGEST_SHARED_HEAD) return undefined;
    if (tails !== this.#tails || head !== this.#head) {
      this.#head = head;
      this.#tails = tails;
      this.#frames = tails.map((tail) => head + tail);
    }
    return this.#frames;
  }
}

/** Of a number. A longer id was drawn at random, and comparing it would cost something for every message. */
const LONGEST_SHARED_HEAD = nextFrameHead("9".repeat(10)).length;

function areSame(some: readonly Nexts[], others: readonly Nexts[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ head, tails }, i) => {
      const other = others[i];
      return tails === other?.tails && head === other.head;
    })
  );
}

function framed(all: readonly Nexts[]): string {
  const [only] = all;
  if (only !== undefined && all.length === 1 && only.tails.length === 1) return only.head + only.tails.join();
  // Joined, brackets and all, and not added up: so the text is made in one piece, and not copied once more to be sent.
  const texts = all.map(({ head, tails }, i) => {
    const parts = [...tails];
    parts[0] = (i === 0 ? `[${head}` : head) + parts[0];
    if (i === all.length - 1) parts.push(`${parts.pop()}]`);
    return parts.join(`,${head}`);
  });
  return texts.join(",");
}
