import type { ObjectMetadata } from "../pubsub/message.ts";

/**
 * The names under which restricted fields could be read: a relation and its column are one field. Where nobody says what
 * the column is named, `company` and `companyId` are taken for one: rather too much is hidden than too little.
 */
export function hiddenNames(
  restricted: ReadonlySet<string>,
  metadata: ObjectMetadata | undefined,
): ReadonlySet<string> {
  if (restricted.size === 0) return restricted;
  const hidden = new Set(restricted);
  for (const name of restricted) {
    hidden.add(`${name}Id`);
    if (name.endsWith("Id") && name.length > 2) hidden.add(name.slice(0, -2));
  }
  for (const { name, joinColumnName } of metadata?.fields ?? []) {
    if (joinColumnName === undefined) continue;
    if (restricted.has(name)) hidden.add(joinColumnName);
    if (restricted.has(joinColumnName)) hidden.add(name);
  }
  return hidden;
}
