import { callerValuesOf } from "../filter/caller-values.ts";
import { isEmptyFilter, type ParsedFilter } from "../filter/filter.ts";
import type { FilterLimits } from "../filter/measure-filter.ts";
import { parseRowFilter } from "../filter/parse-filter.ts";
import type { JsonObject } from "../json.ts";
import { type Read, readList, readObject, readOptional, readText, refuse } from "../pubsub/read-field.ts";
import { readEntries } from "./read-entries.ts";
import { readId, readRoleIds } from "./read-role-ids.ts";
import type { ObjectRule, PermissionRules, Role } from "./snapshot.ts";

/** How much a workspace may have of each; Twenty's largest have tens of roles and hundreds of objects. */
const MAX_ROLES = 1_000;
const MAX_CALLERS = 20_000;
const MAX_OBJECTS = 5_000;
const MAX_FIELDS = 2_000;
const MAX_FLAGS = 200;

/**
 * Parses the rules of a snapshot; each row filter once, here.
 * @param limits of row filters
 * @throws GatewayError BAD_MESSAGE, QUERY_TOO_LARGE, TOO_LARGE
 */
export function parseRules(input: JsonObject, limits: FilterLimits): PermissionRules {
  const readCallers: Read<PermissionRules["apiKeys"]> = (value, path) =>
    readEntries(value, path, MAX_CALLERS, readId, readRoleIds);
  return {
    roles: readEntries(input.roles, "roles", MAX_ROLES, readId, (value, path) => readRole(value, path, limits)),
    apiKeys: readOptional(input.apiKeys, "apiKeys", readCallers) ?? new Map(),
    applications: readOptional(input.applications, "applications", readCallers) ?? new Map(),
    fieldTypes:
      readOptional(input.fields, "fields", (value, path) =>
        readEntries(value, path, MAX_OBJECTS, readText, readFieldTypes),
      ) ?? new Map(),
  };
}

function readRole(value: unknown, path: string, limits: FilterLimits): Role {
  const { objects, permissionFlags } = readObject(value, path);
  const rules = readEntries(objects, `${path}.objects`, MAX_OBJECTS, readText, (rule, at) =>
    readObjectRule(rule, at, limits),
  );
  const filters = [...rules.values()].flatMap(({ rowFilter }) => rowFilter ?? []);
  return {
    objects: rules,
    flags: new Set(
      readOptional(permissionFlags, `${path}.permissionFlags`, (list, at) => readNames(list, at, MAX_FLAGS)),
    ),
    callerValues: new Set(filters.flatMap((filter) => [...callerValuesOf(filter)])),
  };
}

function readObjectRule(value: unknown, path: string, limits: FilterLimits): ObjectRule {
  const { canRead, restrictedFields, rowFilter } = readObject(value, path);
  if (typeof canRead !== "boolean") refuse(`${path}.canRead`, "true or false");
  const restricted = readOptional(restrictedFields, `${path}.restrictedFields`, (list, at) =>
    readNames(list, at, MAX_FIELDS),
  );
  const filter = readOptional(rowFilter, `${path}.rowFilter`, (input, at) => readRowFilter(input, at, limits));
  // An empty filter asks nothing, not even that the record is not deleted.
  const filters = filter !== undefined && !isEmptyFilter(filter);
  return { canRead, restrictedFields: new Set(restricted), ...(filters && { rowFilter: filter }) };
}

/** A filter that matches nothing would hide every record, and only users would notice. */
function readRowFilter(input: unknown, path: string, limits: FilterLimits): ParsedFilter {
  const filter = parseRowFilter(input, limits);
  return filter.valid ? filter : refuse(path, `a filter of docs/filters.md, found ${filter.reason}`);
}

function readFieldTypes(value: unknown, path: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readEntries(value, path, MAX_FIELDS, readText, readText));
}

function readNames(value: unknown, path: string, max: number): readonly string[] {
  const names = readList(value, path, readText);
  return names.length <= max ? names : refuse(path, `at most ${max} names`);
}
