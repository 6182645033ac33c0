/** Messages of one operation, one after the other. */
export interface Nexts {
  readonly head: string;
  /** Not changed any more. */
  readonly tails: readonly string[];
}

/**
 * Makes the frames of several messages. Clients that number their operations, as ours do, are sent equal ones: such a
 * frame is made for the first of them only.
 */
export class BatchFrames {
  #last: { readonly all: readonly Nexts[]; readonly frame: string } = { all: [], frame: "" };

  /** A frame of messages: one as it is, several as an array. */
  of(all: readonly Nexts[]): string {
    if (!areSame(all, this.#last.all)) this.#last = { all: [...all], frame: framed(all) };
    return this.#last.frame;
  }
}

/** Told by the identity of the tails, which all members of a group are given. */
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
