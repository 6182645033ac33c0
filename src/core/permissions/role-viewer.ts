import { bindCaller, type Caller } from "../filter/caller-values.ts";
import { compileFilter, type RecordMatcher } from "../filter/compile-filter.ts";
import { type FieldTypes, fieldTypesOf } from "../filter/field-types.ts";
import type { JsonObject } from "../json.ts";
import type { EventProperties, RecordEvent, RecordMessage } from "../pubsub/message.ts";
import { withoutKeys } from "../pubsub/secret-fields.ts";
import { hiddenNames } from "./hidden-names.ts";
import type { PermissionRules, Role } from "./snapshot.ts";
import type { Viewer } from "./viewer.ts";

/** What roles make of a caller. */
export interface RoleViewerOptions {
  readonly key: string;
  /** Each of them must allow what is seen; with none, nothing is. */
  readonly roles: readonly Role[];
  /** What row filters may ask of the caller. */
  readonly caller: Caller;
  readonly fieldTypes: PermissionRules["fieldTypes"];
  readonly applicationId?: string;
}

/** What is left of an object when all roles have been asked. */
interface Access {
  readonly restricted: ReadonlySet<string>;
  readonly rows: readonly RecordMatcher[];
}

/** Sees what all of its roles allow. An event is judged once, however many operations it is for. */
export class RoleViewer implements Viewer {
  readonly key: string;
  readonly applicationId?: string;
  readonly #options: RoleViewerOptions;
  readonly #access = new Map<string, Access | undefined>();
  readonly #seen = new WeakMap<
    RecordEvent,
    { readonly message: RecordMessage; readonly event: RecordEvent | undefined }
  >();
  readonly #types = new WeakMap<RecordMessage, FieldTypes>();

  constructor(options: RoleViewerOptions) {
    this.key = options.key;
    if (options.applicationId !== undefined) this.applicationId = options.applicationId;
    this.#options = options;
  }

  see(message: RecordMessage, event: RecordEvent): RecordEvent | undefined {
    const known = this.#seen.get(event);
    if (known?.message === message) return known.event;
    const seen = this.#judge(message, event);
    this.#seen.set(event, { message, event: seen });
    return seen;
  }

  seeRecord(objectNameSingular: string, record: JsonObject): JsonObject | undefined {
    const access = this.#accessTo(objectNameSingular);
    if (access === undefined) return undefined;
    const fieldTypes = fieldTypesOf(undefined, this.fieldTypesOf(objectNameSingular));
    if (!passes(access, record, fieldTypes, true)) return undefined;
    return withoutKeys(record, hiddenNames(access.restricted, undefined));
  }

  hides({ objectNameSingular, objectMetadata }: RecordMessage, field: string): boolean {
    const access = this.#accessTo(objectNameSingular);
    return access === undefined || hiddenNames(access.restricted, objectMetadata).has(field);
  }

  fieldTypesOf(objectNameSingular: string): Readonly<Record<string, string>> {
    return this.#options.fieldTypes.get(objectNameSingular) ?? {};
  }

  hasFlag(flag: string): boolean {
    const { roles } = this.#options;
    return roles.length > 0 && roles.every(({ flags }) => flags.has(flag));
  }

  #judge(message: RecordMessage, event: RecordEvent): RecordEvent | undefined {
    const { objectNameSingular, objectMetadata, action } = message;
    const access = this.#accessTo(objectNameSingular);
    const { before, after } = event.properties;
    const record = after ?? before;
    if (access === undefined || record === undefined) return undefined;
    const types = this.#typesOf(message);
    const includesDeleted = action === "deleted" || action === "restored";
    if (!passes(access, record, types, includesDeleted)) return undefined;
    const hidden = hiddenNames(access.restricted, objectMetadata);
    if (action === "updated" && touchesOnly(hidden, event.properties)) return undefined;
    // A record that the caller could not see before is new to it: it is not told what was there.
    const wasVisible = after === undefined || before === undefined || passes(access, before, types, true);
    return { ...event, properties: redact(event.properties, hidden, wasVisible) };
  }

  #typesOf(message: RecordMessage): FieldTypes {
    const known = this.#types.get(message);
    if (known !== undefined) return known;
    const types = fieldTypesOf(message.objectMetadata, this.fieldTypesOf(message.objectNameSingular));
    this.#types.set(message, types);
    return types;
  }

  #accessTo(objectNameSingular: string): Access | undefined {
    if (this.#access.has(objectNameSingular)) return this.#access.get(objectNameSingular);
    const access = this.#makeAccess(objectNameSingular);
    // Objects are named by publishers: no name of theirs is remembered for ever.
    if (this.#access.size >= MAX_REMEMBERED_OBJECTS) this.#access.clear();
    this.#access.set(objectNameSingular, access);
    return access;
  }

  #makeAccess(objectNameSingular: string): Access | undefined {
    const { roles, caller } = this.#options;
    const rules = roles.map(({ objects }) => objects.get(objectNameSingular) ?? objects.get("*"));
    const readable = rules.filter((rule) => rule?.canRead === true).filter((rule) => rule !== undefined);
    if (readable.length === 0 || readable.length < roles.length) return undefined;
    return {
      restricted: new Set(readable.flatMap(({ restrictedFields }) => [...restrictedFields])),
      rows: readable.flatMap(({ rowFilter }) =>
        rowFilter === undefined ? [] : [compileFilter(bindCaller(rowFilter, caller))],
      ),
    };
  }
}

const MAX_REMEMBERED_OBJECTS = 5_000;

/** An error in a filter is no match. */
function passes({ rows }: Access, record: JsonObject, fieldTypes: FieldTypes, includesDeleted: boolean): boolean {
  return rows.every((matches) => matches(record, { fieldTypes, includesDeleted }) === true);
}

/** Whether a change was of nothing that the caller may see. */
function touchesOnly(hidden: ReadonlySet<string>, { updatedFields, diff, before, after }: EventProperties): boolean {
  const touched = updatedFields ?? (diff && Object.keys(diff)) ?? changedKeys(before, after);
  return touched.length > 0 && touched.every((field) => hidden.has(field));
}

function changedKeys(before: JsonObject = {}, after: JsonObject = {}): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}

function redact(properties: EventProperties, hidden: ReadonlySet<string>, wasVisible: boolean): EventProperties {
  const { updatedFields, before, after, diff } = properties;
  return {
    updatedFields: updatedFields?.filter((field) => !hidden.has(field)),
    before: wasVisible && before !== undefined ? withoutKeys(before, hidden) : undefined,
    after: after && withoutKeys(after, hidden),
    diff: wasVisible && diff !== undefined ? withoutKeys(diff, hidden) : undefined,
  };
}
