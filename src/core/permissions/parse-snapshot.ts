import { GatewayError } from "../errors.ts";
import { canonicalJson, type JsonObject } from "../json.ts";
import type { Limits } from "../limits.ts";
import { toPlainJson } from "../plain-json.ts";
import { type Read, readObject, readOptional, refuse } from "../pubsub/read-field.ts";
import { isLargerThan } from "../text-size.ts";
import { parseRules } from "./parse-rules.ts";
import { readEntries } from "./read-entries.ts";
import { readId, readRoleIds } from "./read-role-ids.ts";
import type { MembersPatch, PermissionSnapshot, RoleIds } from "./snapshot.ts";

/**
 * Parses what a server sends as the permissions of a workspace.
 * @param input JSON, or what came by structured clone
 * @throws GatewayError BAD_MESSAGE that says what was expected where, QUERY_TOO_LARGE for a row filter, TOO_LARGE
 */
export function parseSnapshot(input: unknown, limits: Limits): PermissionSnapshot {
  const { MAX_PERMISSIONS_BYTES: maxBytes } = limits;
  const { version, members, roles, apiKeys, applications, fields } = readPlain(input, "snapshot", maxBytes, limits);
  const snapshot = {
    version: readVersion(version),
    rules: canonicalJson({ roles, apiKeys, applications, fields }),
    members: readEntries(members, "members", limits.MAX_MEMBERS, readId, readRoleIds),
  };
  // Numbers may be written longer than they came, and the rules are one row.
  if (isLargerThan(snapshot.rules, maxBytes)) throw tooLarge("snapshot", maxBytes);
  parseRules(JSON.parse(snapshot.rules) as JsonObject, limits);
  return snapshot;
}

/**
 * Parses a change of members, `{version, members: {id: role | [role] | null}}`.
 * @throws GatewayError as `parseSnapshot`
 */
export function parseMembersPatch(input: unknown, limits: Limits): MembersPatch {
  const { version, members } = readPlain(input, "patch", limits.MAX_MEMBERS_PATCH_BYTES, limits);
  const readChange: Read<RoleIds | null> = (value, path) => readOptional(value, path, readRoleIds) ?? null;
  return {
    version: readVersion(version),
    members: readEntries(members, "members", limits.MAX_MEMBERS, readId, readChange),
  };
}

function readPlain(input: unknown, path: string, maxBytes: number, limits: Limits): JsonObject {
  const { text, value } = toPlainJson(input, { maxDepth: limits.MAX_JSON_DEPTH, maxSize: maxBytes });
  if (isLargerThan(text, maxBytes)) throw tooLarge(path, maxBytes);
  return readObject(value, path);
}

function readVersion(value: unknown): number {
  const isVersion = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  return isVersion ? value : refuse("version", "an integer from 0");
}

function tooLarge(path: string, maxBytes: number): GatewayError {
  return new GatewayError("TOO_LARGE", `${path}: expected at most ${maxBytes} bytes of JSON.`);
}
