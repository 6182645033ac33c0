import { readText, refuse } from "../pubsub/read-field.ts";
import { parseUuid } from "../uuid.ts";
import type { RoleIds } from "./snapshot.ts";

/** Roles that one caller may have. */
const MAX_ROLES_OF_CALLER = 20;

/** One role, or several. */
export function readRoleIds(value: unknown, path: string): RoleIds {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_ROLES_OF_CALLER) refuse(path, `at most ${MAX_ROLES_OF_CALLER} roles`);
  return [...new Set(list.map((id) => readId(id, path)))].sort();
}

/** An id that is a UUID is compared in lower case, as those of tokens are. */
export function readId(value: unknown, path: string): string {
  return parseUuid(value) ?? readText(value, path);
}
