import { codePointAt, type Fold, type Text, widthOf } from "./text.ts";

/** A part of a pattern between two `%`: folded code points, and `ANY_ONE` for `_`. */
export type Part = readonly number[];

/** Stands for one code point, whichever. */
export const ANY_ONE = -1;

/** The end of the first place of a part within a range of a text, or -1. */
export type FindPart = (text: Text, from: number, until: number) => number;

/** Prepares the search for a part, which is not empty. Each code point of a text is read once. */
export function compileFind(part: Part, fold: Fold): FindPart {
  return part.includes(ANY_ONE) ? findWithWildcards(part, fold) : findLiteral(part, fold);
}

/** Knuth, Morris and Pratt: one pass, whatever the text repeats. */
function findLiteral(part: Part, fold: Fold): FindPart {
  const fallback = fallbacksOf(part);
  return (text, from, until) => {
    let matched = 0;
    for (let i = from; i < until; ) {
      const codePoint = codePointAt(text, i);
      const folded = fold(codePoint);
      while (matched > 0 && part[matched] !== folded) matched = fallback[matched - 1] ?? 0;
      if (part[matched] === folded) matched++;
      i += widthOf(codePoint);
      if (matched === part.length) return i;
    }
    return -1;
  };
}

/** For each beginning of a part, how much of that beginning is also its end. */
function fallbacksOf(part: Part): Int32Array {
  const fallback = new Int32Array(part.length);
  for (let i = 1, matched = 0; i < part.length; i++) {
    while (matched > 0 && part[matched] !== part[i]) matched = fallback[matched - 1] ?? 0;
    if (part[matched] === part[i]) matched++;
    fallback[i] = matched;
  }
  return fallback;
}

const WORD = 32;

/**
 * Shift-And: a bit for each beginning of the part that ends here, as a part with wildcards has no fallbacks. One step
 * for each code point and 32 of the part.
 */
function findWithWildcards(part: Part, fold: Fold): FindPart {
  const words = Math.ceil(part.length / WORD);
  const { masks, wildcards } = masksOf(part, words);
  const last = 1 << ((part.length - 1) % WORD);
  const state = new Uint32Array(words);
  return (text, from, until) => {
    state.fill(0);
    for (let i = from; i < until; ) {
      const codePoint = codePointAt(text, i);
      const mask = masks.get(fold(codePoint)) ?? wildcards;
      let carry = 1;
      for (let word = 0; word < words; word++) {
        const bits = state[word] ?? 0;
        state[word] = ((bits << 1) | carry) & (mask[word] ?? 0);
        carry = bits >>> (WORD - 1);
      }
      i += widthOf(codePoint);
      if (((state[words - 1] ?? 0) & last) !== 0) return i;
    }
    return -1;
  };
}

/** The places of a part that each code point fits, as bits; a code point that is not in it fits the wildcards. */
function masksOf(part: Part, words: number) {
  const wildcards = new Uint32Array(words);
  part.forEach((codePoint, i) => {
    if (codePoint === ANY_ONE) setBit(wildcards, i);
  });
  const masks = new Map<number, Uint32Array>();
  part.forEach((codePoint, i) => {
    if (codePoint === ANY_ONE) return;
    const mask = masks.get(codePoint) ?? wildcards.slice();
    setBit(mask, i);
    masks.set(codePoint, mask);
  });
  return { masks, wildcards };
}

function setBit(words: Uint32Array, i: number): void {
  const word = Math.floor(i / WORD);
  words[word] = (words[word] ?? 0) | (1 << (i % WORD));
}
