import { GatewayError } from "../errors.ts";
import { type Read, readObject, refuse } from "../pubsub/read-field.ts";

/**
 * Reads an object whose keys are data. Its entries are named by their place: a key may be anything.
 * @throws GatewayError BAD_MESSAGE, TOO_LARGE for more than `max` entries
 */
export function readEntries<Value>(
  value: unknown,
  path: string,
  max: number,
  readKey: Read<string>,
  readValue: Read<Value>,
): ReadonlyMap<string, Value> {
  const entries = Object.entries(readObject(value, path));
  if (entries.length > max) throw new GatewayError("TOO_LARGE", `${path}: expected at most ${max} entries.`);
  const read = new Map<string, Value>();
  for (const [i, [key, member]] of entries.entries()) {
    const id = readKey(key, `key ${i} of ${path}`);
    if (read.has(id)) refuse(`key ${i} of ${path}`, "an id that is there once");
    read.set(id, readValue(member, `${path}[${i}]`));
  }
  return read;
}
