import { ANY_ONE, compileFind, type FindPart, type Part } from "./find-part.ts";
import {
  codePointAt,
  codePointBefore,
  type Fold,
  isEscapedInJson,
  type Text,
  widthOf,
  withCase,
  withoutCase,
} from "./text.ts";

/** Whether a text is what a pattern or a word says. */
export type TextTest = (text: Text) => boolean;

/** `LIKE` of SQL: `%` is any text, `_` any code point, and a backslash takes the next code point as it is. */
export function compileLike(pattern: string): TextTest {
  return compileParts(partsOf(pattern, withCase), withCase);
}

/** The same without regard to case. */
export function compileIlike(pattern: string): TextTest {
  return compileParts(partsOf(pattern, withoutCase), withoutCase);
}

/** Whether a word is somewhere in a text, without regard to case. */
export function compileContains(word: string): TextTest {
  return compileParts([[], Array.from(word, (char) => withoutCase(codePointAt(char, 0))), []], withoutCase);
}

/**
 * The longest text that stands as it is, but for case, in whatever a pattern matches: folded code points. Characters that
 * JSON escapes are left out, as a pattern may be meant for a text or for the JSON of one.
 */
export function literalOf(pattern: string): readonly number[] {
  let longest: readonly number[] = [];
  for (const part of partsOf(pattern, withoutCase)) {
    let run: number[] = [];
    for (const codePoint of [...part, ANY_ONE]) {
      if (codePoint !== ANY_ONE && !isEscapedInJson(codePoint)) {
        run.push(codePoint);
        continue;
      }
      if (run.length > longest.length) longest = run;
      run = [];
    }
  }
  return longest;
}

/** Whether the last backslash has nothing to take: PostgreSQL refuses such a pattern. */
export function endsInEscape(pattern: string): boolean {
  let backslashes = 0;
  while (pattern.at(-1 - backslashes) === ESCAPE) backslashes++;
  return backslashes % 2 === 1;
}

const ESCAPE = "\\";

/** What stands between the `%` of a pattern; without any it is one part. A backslash at the end is itself. */
function partsOf(pattern: string, fold: Fold): readonly Part[] {
  let part: number[] = [];
  const parts = [part];
  let isEscaped = false;
  for (const char of pattern) {
    if (!isEscaped && char === ESCAPE) {
      isEscaped = true;
    } else if (!isEscaped && char === "%") {
      part = [];
      parts.push(part);
    } else {
      part.push(!isEscaped && char === "_" ? ANY_ONE : fold(codePointAt(char, 0)));
      isEscaped = false;
    }
  }
  if (isEscaped) part.push(codePointAt(ESCAPE, 0));
  return parts;
}

/** The first part begins the text, the last one ends it, and the others are found between them, each where it first is. */
function compileParts(parts: readonly Part[], fold: Fold): TextTest {
  const [head = [], ...rest] = parts;
  const tail = rest.pop();
  if (tail === undefined) return (text) => endOfHead(text, head, fold) === text.length;
  const finds = rest.filter((part) => part.length > 0).map((part) => compileFind(part, fold));
  return (text) => {
    const from = endOfHead(text, head, fold);
    const until = startOfTail(text, tail, fold);
    return from >= 0 && from <= until && findAll(finds, text, from, until);
  };
}

function findAll(finds: readonly FindPart[], text: Text, from: number, until: number): boolean {
  let end = from;
  for (const find of finds) {
    end = find(text, end, until);
    if (end < 0) return false;
  }
  return true;
}

/** The index behind a part that begins the text, or -1. */
function endOfHead(text: Text, head: Part, fold: Fold): number {
  let index = 0;
  for (const expected of head) {
    if (index >= text.length) return -1;
    const codePoint = codePointAt(text, index);
    if (expected !== ANY_ONE && expected !== fold(codePoint)) return -1;
    index += widthOf(codePoint);
  }
  return index;
}

/** The index of a part that ends the text, or -1. */
function startOfTail(text: Text, tail: Part, fold: Fold): number {
  let index = text.length;
  for (const expected of tail.toReversed()) {
    if (index <= 0) return -1;
    const codePoint = codePointBefore(text, index);
    if (expected !== ANY_ONE && expected !== fold(codePoint)) return -1;
    index -= widthOf(codePoint);
  }
  return index;
}
