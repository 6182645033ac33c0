import { bindCaller, type Caller } from "../filter/caller-values.ts";
import { compileFilter, type RecordMatcher } from "../filter/compile-filter.ts";
import { type FieldTypes, fieldTypesOf } from "../filter/field-types.ts";
import type { JsonObject } from "../json.ts";
import type { EventProperties, ObjectMetadata, RecordEvent, RecordMessage } from "../pubsub/message.ts";
import { hiddenFields, knownFields } from "./hidden-fields.ts";
import { type Redaction, redactDiff, redactRecord } from "./redact.ts";
import type { PermissionRules, Role } from "./snapshot.ts";
import { touchedFields } from "./touched-fields.ts";
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
  /** By what the snapshot alone tells of fields. */
  readonly fields: Fields;
}

/** The fields of an object, as a message tells of them. */
interface Fields {
  readonly types: FieldTypes;
  readonly redaction: Redaction;
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
  readonly #fields = new WeakMap<RecordMessage, Fields>();

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
    const { types, redaction } = access.fields;
    return passes(access, record, types, true) ? redactRecord(record, redaction) : undefined;
  }

  hides(message: RecordMessage, field: string): boolean {
    const access = this.#accessTo(message.objectNameSingular);
    return access === undefined || this.#fieldsOf(message, access).redaction.isHidden(field);
  }

  fieldTypesOf(objectNameSingular: string): Readonly<Record<string, string>> {
    return this.#options.fieldTypes.get(objectNameSingular) ?? {};
  }

  hasFlag(flag: string): boolean {
    const { roles } = this.#options;
    return roles.length > 0 && roles.every(({ flags }) => flags.has(flag));
  }

  #judge(message: RecordMessage, event: RecordEvent): RecordEvent | undefined {
    const { objectNameSingular, action } = message;
    const access = this.#accessTo(objectNameSingular);
    const { before, after } = event.properties;
    const record = after ?? before;
    if (access === undefined || record === undefined) return undefined;
    const { types, redaction } = this.#fieldsOf(message, access);
    const includesDeleted = action === "deleted" || action === "restored";
    if (!passes(access, record, types, includesDeleted)) return undefined;
    const touched = touchedFields(event.properties, action);
    if (touched !== undefined && touched.length > 0 && touched.every(redaction.isHidden)) return undefined;
    // A record that the caller could not see before is new to it: it is not told what was there. A diff that stands alone
    // tells of a record that nobody can judge.
    const showsPast =
      before === undefined ? access.rows.length === 0 : after === undefined || passes(access, before, types, true);
    return { ...event, properties: redact(event.properties, redaction, showsPast) };
  }

  #fieldsOf(message: RecordMessage, access: Access): Fields {
    if (message.objectMetadata === undefined) return access.fields;
    const known = this.#fields.get(message);
    if (known !== undefined) return known;
    const fields = this.#makeFields(message.objectNameSingular, access.restricted, message.objectMetadata);
    this.#fields.set(message, fields);
    return fields;
  }

  #makeFields(
    objectNameSingular: string,
    restricted: ReadonlySet<string>,
    metadata: ObjectMetadata | undefined,
  ): Fields {
    const snapshot = this.fieldTypesOf(objectNameSingular);
    const known = knownFields(metadata, snapshot);
    const hidden = hiddenFields(restricted, known);
    const redaction = { isHidden: (field: string) => hidden.has(field), isRelation: known.isRelation };
    return { types: fieldTypesOf(metadata, snapshot), redaction };
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
    const restricted = new Set(readable.flatMap(({ restrictedFields }) => [...restrictedFields]));
    return {
      restricted,
      fields: this.#makeFields(objectNameSingular, restricted, undefined),
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

function redact(properties: EventProperties, redaction: Redaction, showsPast: boolean): EventProperties {
  const { updatedFields, before, after, diff } = properties;
  return {
    ...(updatedFields !== undefined && { updatedFields: updatedFields.filter((field) => !redaction.isHidden(field)) }),
    ...(before !== undefined && showsPast && { before: redactRecord(before, redaction) }),
    ...(after !== undefined && { after: redactRecord(after, redaction) }),
    ...(diff !== undefined && showsPast && { diff: redactDiff(diff, redaction) }),
  };
}
