import { foldCase } from "./fold-case.ts";

/** What is read of a string. */
export type Text = Pick<string, "length" | "codePointAt">;

/** How a code point is compared: as it is, or without its case. */
export type Fold = (codePoint: number) => number;

export const withoutCase: Fold = foldCase;
export const withCase: Fold = (codePoint) => codePoint;

/** The code point at an index, which is within the text. */
export function codePointAt(text: Text, index: number): number {
  return text.codePointAt(index) ?? 0;
}

/** The code point that ends before an index, which is above 0. */
export function codePointBefore(text: Text, index: number): number {
  const pair = index > 1 ? codePointAt(text, index - 2) : 0;
  return isPair(pair) ? pair : codePointAt(text, index - 1);
}

/** UTF-16 units of a code point. */
export function widthOf(codePoint: number): number {
  return isPair(codePoint) ? 2 : 1;
}

function isPair(codePoint: number): boolean {
  return codePoint > 0xffff;
}

/** Whether JSON writes a code point in another way than as it is; of surrogates it writes those that have no other half. */
export function isEscapedInJson(codePoint: number): boolean {
  return codePoint < 0x20 || codePoint === QUOTE || codePoint === BACKSLASH || codePoint >> 11 === SURROGATES;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SURROGATES = 0xd800 >> 11;
