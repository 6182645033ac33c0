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
  const places = placesOf(part);
  const wildcards = new Uint32Array(words);
  addTo(wildcards, places.get(ANY_ONE) ?? []);
  // The places that fit the code point at hand: those of the wildcards, and for a moment its own.
  const fits = wildcards.slice();
  const last = 1 << ((part.length - 1) % WORD);
  const state = new Uint32Array(words);
  return (text, from, until) => {
    state.fill(0);
    for (let i = from; i < until; ) {
      const codePoint = codePointAt(text, i);
      const own = places.get(fold(codePoint)) ?? [];
      addTo(fits, own);
      let carry = 1;
      for (let word = 0; word < words; word++) {
        const bits = state[word] ?? 0;
        state[word] = ((bits << 1) | carry) & (fits[word] ?? 0);
        carry = bits >>> (WORD - 1);
      }
      for (const { word } of own) fits[word] = wildcards[word] ?? 0;
      i += widthOf(codePoint);
      if (((state[words - 1] ?? 0) & last) !== 0) return i;
    }
    return -1;
  };
}

interface Places {
  readonly word: number;
  bits: number;
}

/** Where each code point stands in a part: words without a bit are left out, so that all are no longer than the part. */
function placesOf(part: Part): ReadonlyMap<number, readonly Places[]> {
  const all = new Map<number, Places[]>();
  part.forEach((codePoint, i) => {
    const places = all.get(codePoint) ?? [];
    all.set(codePoint, places);
    const word = Math.floor(i / WORD);
    const bit = 1 << (i % WORD);
    const last = places.at(-1);
    if (last?.word === word) last.bits |= bit;
    else places.push({ word, bits: bit });
  });
  return all;
}

function addTo(words: Uint32Array, places: readonly Places[]): void {
  for (const { word, bits } of places) words[word] = (words[word] ?? 0) | bits;
}
