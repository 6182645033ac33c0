import { parseUuid } from "../uuid.ts";
import { MAX_CHANNEL_LENGTH } from "./channel-name.ts";
import { readText, refuse } from "./read-field.ts";

/**
 * Reads a pattern of channels within a workspace. Like a channel, it may have the workspace in second place.
 * @throws GatewayError BAD_MESSAGE, also for a pattern that names another workspace
 */
export function readChannelPattern(value: unknown, path: string, workspaceId: string): string {
  const [base = "", ...parts] = readText(value, path, MAX_CHANNEL_LENGTH).split(":");
  const second = parseUuid(parts[0]);
  if (second === workspaceId) return [base, ...parts.slice(1)].join(":");
  if (second !== undefined && base.endsWith("_CHANNEL")) {
    refuse(path, "no workspace in second place but that of the connection");
  }
  return [base, ...parts].join(":");
}

/**
 * Whether a whole channel fits a pattern of Redis: `*` is any text, `?` one character, `[abc]`, `[a-z]` and `[^abc]` one
 * of some characters, and `\` takes the meaning from what follows it.
 *
 * Only the last `*` is ever gone back to, so the time is bounded by the product of the two lengths, which have a limit,
 * whatever the pattern is.
 */
export function matchesPattern(pattern: string, channel: string): boolean {
  const [wanted, given] = [Array.from(pattern), Array.from(channel)];
  let at = 0;
  let star: { readonly at: number; from: number } | undefined;
  let i = 0;
  while (i < given.length) {
    if (wanted[at] === "*") {
      star = { at, from: i };
      at++;
      continue;
    }
    const next = matchOne(wanted, at, given[i] ?? "");
    if (next !== undefined) {
      at = next;
      i++;
      continue;
    }
    if (star === undefined) return false;
    // What stands behind the star does not begin here: the star takes one character more.
    star.from++;
    i = star.from;
    at = star.at + 1;
  }
  while (wanted[at] === "*") at++;
  return at === wanted.length;
}

/** Where the pattern goes on when its item at a place takes the character; undefined when it does not. */
function matchOne(pattern: readonly string[], at: number, character: string): number | undefined {
  const item = pattern[at];
  if (item === undefined) return undefined;
  if (item === "?") return at + 1;
  if (item === "[") return matchSet(pattern, at + 1, character);
  const isEscape = item === "\\" && at + 1 < pattern.length;
  const literal = isEscape ? pattern[at + 1] : item;
  return literal === character ? at + (isEscape ? 2 : 1) : undefined;
}

/** A set that is not closed ends with the pattern, as in Redis. */
function matchSet(pattern: readonly string[], start: number, character: string): number | undefined {
  const isNegated = pattern[start] === "^";
  let at = isNegated ? start + 1 : start;
  let isIn = false;
  for (let item = pattern[at]; item !== undefined && item !== "]"; item = pattern[at]) {
    const [dash, end] = [pattern[at + 1], pattern[at + 2]];
    if (item === "\\" && dash !== undefined) {
      isIn ||= dash === character;
      at += 2;
    } else if (dash === "-" && end !== undefined) {
      isIn ||= isBetween(character, item, end);
      at += 3;
    } else {
      isIn ||= item === character;
      at++;
    }
  }
  return isIn === isNegated ? undefined : Math.min(at + 1, pattern.length);
}

function isBetween(character: string, a: string, b: string): boolean {
  const [value, left, right] = [character, a, b].map((text) => text.codePointAt(0) ?? 0) as [number, number, number];
  return value >= Math.min(left, right) && value <= Math.max(left, right);
}
