import { isJsonObject } from "../json.ts";
import { utf8Size } from "../text-size.ts";

/** Levels and UTF-16 units that a value may have. A message is smaller and flatter, so this only bounds what is not one. */
const MAX_DEPTH = 256;
const MAX_LENGTH = 4 * 1024 * 1024;

/** UTF-16 units that are kept of what was printed, unless one text has more. */
const MAX_KEPT_LENGTH = 4 * 1024 * 1024;
/** What keeping a text takes besides. */
const ENTRY_LENGTH = 50;

/** The text of a JSON value, as `jsonbText` makes it. */
export type PrintJsonb = (value: unknown) => string | undefined;

/**
 * Prints each value once, however many patterns it is compared with: that takes ten times as long as comparing them. It
 * keeps what it printed for the next pattern, and is bounded: a number of six characters is printed with three hundred.
 */
export function printingOnce(): PrintJsonb {
  const texts = new Map<unknown, string | undefined>();
  let length = 0;
  return (value) => {
    if (texts.has(value)) return texts.get(value);
    const text = jsonbText(value);
    const own = ENTRY_LENGTH + (text?.length ?? 0);
    if (length + own > MAX_KEPT_LENGTH) {
      texts.clear();
      length = 0;
    }
    length += own;
    texts.set(value, text);
    return text;
  };
}

/**
 * A JSON value as PostgreSQL prints a `jsonb`: a space after each comma and colon, keys by their length in bytes and then
 * by their bytes, numbers without an exponent. Undefined for a value past the bounds.
 */
export function jsonbText(value: unknown): string | undefined {
  const pieces: string[] = [];
  let length = 0;
  const print = (piece: string): boolean => {
    pieces.push(piece);
    length += piece.length;
    return length <= MAX_LENGTH;
  };
  const printValue = (part: unknown, depth: number): boolean => {
    if (depth > MAX_DEPTH) return false;
    if (Array.isArray(part)) {
      const printed = part.every((item, i) => print(i === 0 ? "[" : ", ") && printValue(item, depth + 1));
      return printed && print(part.length === 0 ? "[]" : "]");
    }
    if (isJsonObject(part)) {
      const keys = sortKeys(Object.keys(part).filter((key) => part[key] !== undefined));
      const printed = keys.every(
        (key, i) => print(`${i === 0 ? "{" : ", "}${JSON.stringify(key)}: `) && printValue(part[key], depth + 1),
      );
      return printed && print(keys.length === 0 ? "{}" : "}");
    }
    return print(typeof part === "number" ? decimalText(part) : (JSON.stringify(part) ?? "null"));
  };
  return printValue(value, 0) ? pieces.join("") : undefined;
}

function sortKeys(keys: readonly string[]): readonly string[] {
  return keys.toSorted((left, right) => utf8Size(left) - utf8Size(right) || compareCodePoints(left, right));
}

/** The order of code points is that of their UTF-8, but not that of the UTF-16 units by which JavaScript compares. */
function compareCodePoints(left: string, right: string): number {
  let i = 0;
  while (i < left.length && left[i] === right[i]) i++;
  // Behind an equal high surrogate, the low one tells.
  return (left.codePointAt(i) ?? 0) - (right.codePointAt(i) ?? 0);
}

/** A finite number in full: 1e21 has 22 digits. */
function decimalText(value: number): string {
  const text = String(Object.is(value, -0) ? 0 : value);
  const [mantissa = "", exponent] = text.split("e");
  if (exponent === undefined) return text;
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = mantissa.slice(sign.length).split(".");
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits}${"0".repeat(point - digits.length)}`;
}
