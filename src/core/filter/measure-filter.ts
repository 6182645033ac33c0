import { GatewayError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { utf8Size } from "../text-size.ts";
import { splitWords } from "./words.ts";

export type FilterLimits = Pick<
  Limits,
  "MAX_QUERY_BYTES" | "MAX_QUERY_DEPTH" | "MAX_QUERY_NODES" | "MAX_QUERY_IN_VALUES"
>;

/**
 * Proves, without recursion, that a filter is within limits, whatever else it is.
 * @throws GatewayError QUERY_TOO_LARGE
 */
export function assertFilterFits(input: unknown, limits: FilterLimits): void {
  const rest: Part[] = [{ value: input, depth: 0, isFilter: true }];
  let bytes = 0;
  let nodes = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    const { value, isFilter } = part;
    const depth = part.depth + 1;
    nodes += ownNodes(part);
    if (nodes > limits.MAX_QUERY_NODES) refuse(`${limits.MAX_QUERY_NODES} conditions and groups (MAX_QUERY_NODES)`);
    bytes += ownBytes(value);
    if (bytes > limits.MAX_QUERY_BYTES) refuse(`${limits.MAX_QUERY_BYTES} bytes of JSON (MAX_QUERY_BYTES)`);
    if (typeof value !== "object" || value === null) continue;
    if (depth > limits.MAX_QUERY_DEPTH) refuse(`${limits.MAX_QUERY_DEPTH} levels (MAX_QUERY_DEPTH)`);
    if (Array.isArray(value)) {
      if (!isFilter && value.length > limits.MAX_QUERY_IN_VALUES) {
        refuse(`${limits.MAX_QUERY_IN_VALUES} values in a list (MAX_QUERY_IN_VALUES)`);
      }
      for (const item of value) rest.push({ value: item, depth, isFilter });
    } else {
      for (const [key, member] of Object.entries(value)) {
        rest.push({ key, value: member, depth, isFilter: isFilter && isGroup(key) });
      }
    }
  }
}

interface Part {
  readonly key?: string;
  readonly value: unknown;
  readonly depth: number;
  /** False within a condition. */
  readonly isFilter: boolean;
}

function isGroup(key: string): boolean {
  return key === "and" || key === "or" || key === "not";
}

function refuse(most: string): never {
  throw new GatewayError("QUERY_TOO_LARGE", `Expected a filter of at most ${most}.`);
}

/** What a value adds to the JSON text, without what it holds. */
function ownBytes(value: unknown): number {
  if (Array.isArray(value)) return separators(value.length);
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    return keys.reduce((bytes, key) => bytes + textBytes(key) + 1, separators(keys.length));
  }
  return typeof value === "string" ? textBytes(value) : String(value).length;
}

/** The brackets and the commas. */
function separators(members: number): number {
  return 2 + Math.max(members - 1, 0);
}

function textBytes(text: string): number {
  return utf8Size(JSON.stringify(text));
}

/**
 * A node is what may cost a look at a whole value: a group, a condition on a field, one on a sub-field, and each word
 * that is searched for.
 */
function ownNodes({ key, value, isFilter }: Part): number {
  if (isFilter) {
    if (Array.isArray(value) || typeof value !== "object" || value === null) return 0;
    return Math.max(Object.keys(value).length, 1);
  }
  if (key === "search" && typeof value === "string") return splitWords(value).length;
  return Array.isArray(value) || typeof value !== "object" || value === null ? 0 : subFields(value);
}

function subFields(value: object): number {
  return Object.values(value).filter((member) => typeof member === "object" && !Array.isArray(member)).length;
}
