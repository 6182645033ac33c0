import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { parseUuid } from "../uuid.ts";

/** Reads the value at a path of a published message, or refuses the message. */
export type Read<Value> = (value: unknown, path: string) => Value;

/** Longest name or id of anything but a message. */
const MAX_TEXT_LENGTH = 128;

/** Refuses a message. Says which field is wrong and what was expected there, never what it holds. */
export function refuse(path: string, expected: string): never {
  throw new GatewayError("BAD_MESSAGE", `${path}: expected ${expected}.`);
}

/** A field that may be left out; null leaves it out as well. */
export function readOptional<Value>(value: unknown, path: string, read: Read<Value>): Value | undefined {
  return value == null ? undefined : read(value, path);
}

export function readObject(value: unknown, path: string): JsonObject {
  return isJsonObject(value) ? value : refuse(path, "an object");
}

export function readList<Value>(value: unknown, path: string, read: Read<Value>): readonly Value[] {
  if (!Array.isArray(value)) refuse(path, "a list");
  return value.map((item: unknown, i) => read(item, `${path}[${i}]`));
}

export function readString(value: unknown, path: string): string {
  return typeof value === "string" ? value : refuse(path, "a string");
}

/** A name or id: a string that is not empty, not long, and survives being stored as UTF-8. */
export function readText(value: unknown, path: string, maxLength = MAX_TEXT_LENGTH): string {
  const fits = typeof value === "string" && value.length > 0 && value.length <= maxLength && value.isWellFormed();
  return fits ? value : refuse(path, `a string of 1 to ${maxLength} characters`);
}

/** The name of an object or a kind of metadata. */
export function readIdentifier(value: unknown, path: string): string {
  const fits = typeof value === "string" && value.length <= MAX_TEXT_LENGTH && IDENTIFIER.test(value);
  return fits ? value : refuse(path, `a name of 1 to ${MAX_TEXT_LENGTH} letters, digits, "_", "-" and "."`);
}

/** In lower case. */
export function readUuid(value: unknown, path: string): string {
  return parseUuid(value) ?? refuse(path, "a UUID");
}

export function readNumber(value: unknown, path: string): number {
  // JSON may write a number that is too large to be one.
  return Number.isFinite(value) ? (value as number) : refuse(path, "a number");
}

export function readOneOf<const Value extends string>(value: unknown, path: string, values: readonly Value[]): Value {
  return values.find((candidate) => candidate === value) ?? refuse(path, `one of ${values.join(", ")}`);
}

/** Begins with a letter, so that no name is `__proto__`; dots separate parts that are not empty. */
const IDENTIFIER = /^[A-Za-z][\w-]*(\.[\w-]+)*$/;
