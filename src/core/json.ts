/** A JSON object of which nothing else is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a JSON text nests arrays and objects deeper than `maxDepth`. One pass without recursion, for texts that have
 * not been parsed yet. A text that is no JSON may get either answer: `JSON.parse` stops at its first mistake, and up to
 * there the count is right.
 */
export function isJsonTooDeep(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case OPEN_BRACKET:
      case OPEN_BRACE:
        depth++;
        if (depth > maxDepth) return true;
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth--;
        break;
    }
  }
  return false;
}

/**
 * The same text for equal JSON values, whatever the order of their keys; members that are undefined are left out.
 * Recursive: for plain JSON whose depth was checked.
 */
export function canonicalJson(value: unknown): string {
  // One text of one copy: that is half the time of texts that are put together.
  return JSON.stringify(withSortedKeys(value, new Map())) ?? "null";
}

/** The keys of an object, as it has them and in their order. */
interface KeyOrder {
  readonly keys: readonly string[];
  readonly sorted: readonly string[];
}

/**
 * Keys that are whole numbers come first, by their value, as in every object.
 * @param known the newest order by its first key: objects in a list are alike, and sorting is half of the work
 */
function withSortedKeys(value: unknown, known: Map<string, KeyOrder>): unknown {
  if (Array.isArray(value)) return value.map((item) => withSortedKeys(item, known));
  if (!isJsonObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of sortedKeys(value, known)) {
    const member = withSortedKeys(value[key], known);
    // An assignment would change what the copy inherits from.
    if (key === "__proto__") Object.defineProperty(copy, key, { value: member, enumerable: true });
    else copy[key] = member;
  }
  return copy;
}

function sortedKeys(value: JsonObject, known: Map<string, KeyOrder>): readonly string[] {
  const keys = Object.keys(value);
  const [first] = keys;
  if (first === undefined) return keys;
  const order = known.get(first);
  if (order !== undefined && areSame(order.keys, keys)) return order.sorted;
  const sorted = keys.toSorted();
  known.set(first, { keys, sorted });
  return sorted;
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  // A search by the runtime: looking at every unit here takes three times as long.
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    if (!isEscaped(text, quote)) return quote;
  }
  return text.length;
}

/** Whether an odd number of backslashes stands before a quote that closes a string, or is in it. */
function isEscaped(text: string, quote: number): boolean {
  let start = quote;
  while (text.charCodeAt(start - 1) === BACKSLASH) start--;
  return (quote - start) % 2 === 1;
}
