import { GatewayError } from "./errors.ts";
import { isJsonObject } from "./json.ts";

export interface PlainJsonBounds {
  /** Levels of arrays and objects. */
  readonly maxDepth: number;
  /** UTF-16 units of the JSON text, counted from below: a text within its limit in bytes is never over this one. */
  readonly maxSize: number;
}

/** A value as JSON has it: the text, and what parsing it gives. */
export interface PlainJson {
  readonly text: string;
  readonly value: unknown;
}

/**
 * Turns a value that came by structured clone (RPC, a queue body) into plain JSON, so that every door parses the same:
 * dates become strings, what is undefined goes, and so does every `__proto__` key, which no later copy can stumble over.
 * @throws GatewayError BAD_MESSAGE for what JSON does not have (cycles included, as too deep), TOO_LARGE past `maxSize`
 */
export function toPlainJson(value: unknown, bounds: PlainJsonBounds): PlainJson {
  assertPlainJson(value, bounds);
  const text = JSON.stringify(value) ?? "null";
  return withoutProto(text) ?? { text, value: JSON.parse(text) };
}

/**
 * Parses a JSON text whose depth was checked, to the same: there is nothing else to prove of it.
 * @throws SyntaxError for what is no JSON
 */
export function parsePlainJson(text: string): unknown {
  return mayHoldProto(text) ? parseWithoutProto(text) : JSON.parse(text);
}

/**
 * What was parsed from a JSON text and is written again has at most this many bytes for each UTF-16 unit of the text. A
 * number grows most: `1e20` is written as 21 digits. Of all else nothing grows but half a pair alone, to `\ud800`, and a
 * unit has at most three bytes.
 */
export const MAX_BYTES_PER_PARSED_UNIT = 6;

/** Undefined for a text without any `__proto__` key. */
function withoutProto(text: string): PlainJson | undefined {
  if (!text.includes('"__proto__"')) return undefined;
  const value = parseWithoutProto(text);
  return { text: JSON.stringify(value), value };
}

function parseWithoutProto(text: string): unknown {
  const value: unknown = JSON.parse(text);
  dropProto(value);
  return value;
}

/**
 * Takes every `__proto__` key out of a value. A reviver would do it while parsing, but is called for every member of every
 * object and array, which takes many times as long. Recursive: for values whose depth was checked.
 */
function dropProto(value: unknown): void {
  if (Array.isArray(value)) return value.forEach(dropProto);
  if (!isJsonObject(value)) return;
  if (Object.hasOwn(value, "__proto__")) Reflect.deleteProperty(value, "__proto__");
  Object.values(value).forEach(dropProto);
}

/** Whether a text may have a `__proto__` key: spelled out, or with an escape, which of such letters begins with these. */
function mayHoldProto(text: string): boolean {
  // Looking for a fixed text is nearly free, looking for a pattern is not.
  return text.includes("__proto__") || (text.includes("\\u00") && ESCAPED_LETTER_OF_PROTO.test(text));
}

const ESCAPED_LETTER_OF_PROTO = /\\u00(?:5f|6f|7[024])/i;

/**
 * Proves, without recursion, that `JSON.stringify` will take a value and stay within bounds. A shared part is counted as
 * often as it would be written, so a small graph that unfolds into a huge text ends here as well.
 */
function assertPlainJson(value: unknown, { maxDepth, maxSize }: PlainJsonBounds): void {
  const rest: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let size = 0;
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const depth = next.depth + 1;
    const node = nodeOf(next.value);
    if (node.members !== undefined && depth > maxDepth) {
      throw new GatewayError("BAD_MESSAGE", `Expected JSON of at most ${maxDepth} levels.`);
    }
    size += node.size;
    if (size > maxSize) throw new GatewayError("TOO_LARGE", `Expected JSON of at most ${maxSize} bytes.`);
    for (const member of node.members ?? []) rest.push({ value: member, depth });
  }
}

/** What a value adds to the text by itself, and the values inside it. */
interface Node {
  readonly size: number;
  readonly members?: Iterable<unknown>;
}

function nodeOf(value: unknown): Node {
  switch (typeof value) {
    case "string":
      return { size: value.length + 2 };
    case "number":
    case "boolean":
    case "undefined":
      return { size: 1 };
    case "object":
      return value === null ? { size: 4 } : nodeOfObject(value);
    case "bigint":
    case "function":
    case "symbol":
      throw new GatewayError("BAD_MESSAGE", `Expected plain JSON, found a ${typeof value}.`);
  }
}

function nodeOfObject(value: object): Node {
  // The length comes first: a sparse array is small until it is written.
  if (Array.isArray(value)) return { size: value.length + 1, members: value };
  const type = Object.prototype.toString.call(value);
  if (type === "[object Date]") return { size: 4 };
  if (type !== "[object Object]") throw new GatewayError("BAD_MESSAGE", "Expected plain JSON, found another object.");
  let size = 1;
  const members: unknown[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    size += key.length + 4;
    members.push(member);
  }
  return { size: Math.max(size, 2), members };
}
