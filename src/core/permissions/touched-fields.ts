import { canonicalJson } from "../json.ts";
import type { DatabaseEventAction, EventProperties } from "../pubsub/message.ts";

/**
 * The fields that a change touched, as its publisher says, or as its records show. Undefined when nothing tells them.
 * `updatedAt` changes with any field, so it counts only where the publisher counts it.
 */
export function touchedFields(
  { updatedFields, diff, before, after }: EventProperties,
  action: DatabaseEventAction,
): readonly string[] | undefined {
  if (updatedFields !== undefined || action !== "updated") return updatedFields;
  if (diff !== undefined) return Object.keys(diff);
  if (before === undefined || after === undefined) return undefined;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  names.delete("updatedAt");
  return [...names].filter((name) => canonicalJson(before[name]) !== canonicalJson(after[name]));
}
