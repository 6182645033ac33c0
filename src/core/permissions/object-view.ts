import type { RecordMatcher } from "../filter/compile-filter.ts";
import { fieldTypesOf } from "../filter/field-types.ts";
import type { JsonObject } from "../json.ts";
import type { EventProperties, ObjectMetadata, RecordEvent, RecordMessage } from "../pubsub/message.ts";
import { hiddenFields, knownFields } from "./hidden-fields.ts";
import { redactDiff, redactRecord } from "./redact.ts";
import { touchedFields } from "./touched-fields.ts";

/** The object of one message, as a class of callers may see it. */
export interface ObjectView {
  readonly hides: (field: string) => boolean;
  readonly see: (event: RecordEvent) => RecordEvent | undefined;
  readonly seeRecord: (record: JsonObject) => JsonObject | undefined;
}

/** What an object view is made of. */
export interface ObjectViewRules {
  readonly restrictedFields: ReadonlySet<string>;
  /** Prepared row filters, all of which a record must match. */
  readonly rowFilters: readonly RecordMatcher[];
  /** The types of fields in the snapshot. */
  readonly fieldTypes: Readonly<Record<string, string>>;
}

export function objectView(
  { restrictedFields, rowFilters, fieldTypes }: ObjectViewRules,
  action: RecordMessage["action"] | undefined,
  metadata: ObjectMetadata | undefined,
): ObjectView {
  const known = knownFields(metadata, fieldTypes);
  const hidden = hiddenFields(restrictedFields, known);
  const hides = (field: string) => hidden.has(field);
  const redaction = { isHidden: hides, isRelation: known.isRelation };
  const options = {
    fieldTypes: fieldTypesOf(metadata, fieldTypes),
    includesDeleted: action === "deleted" || action === "restored",
  };
  /** Judged on the whole record. An error is no match. */
  const admits = (record: JsonObject) => rowFilters.every((matches) => matches(record, options) === true);

  function seeProperties(properties: EventProperties): EventProperties {
    const { before, after, diff, updatedFields } = properties;
    // Where rows are filtered, a diff tells of a record before that nobody could judge when it stands alone.
    const showsPast = before === undefined ? rowFilters.length === 0 : after === undefined || admits(before);
    return {
      ...(updatedFields !== undefined && { updatedFields: updatedFields.filter((field) => !hides(field)) }),
      ...(before !== undefined && showsPast && { before: redactRecord(before, redaction) }),
      ...(after !== undefined && { after: redactRecord(after, redaction) }),
      ...(diff !== undefined && showsPast && { diff: redactDiff(diff, redaction) }),
    };
  }

  return {
    hides,
    see(event) {
      const { properties } = event;
      const record = properties.after ?? properties.before;
      if (record === undefined || !admits(record)) return undefined;
      const touched = action && touchedFields(properties, action);
      if (touched !== undefined && touched.length > 0 && touched.every(hides)) return undefined;
      return { ...event, properties: seeProperties(properties) };
    },
    seeRecord: (record) => (admits(record) ? redactRecord(record, redaction) : undefined),
  };
}
