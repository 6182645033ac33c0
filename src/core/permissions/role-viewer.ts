import { bindCaller, type Caller } from "../filter/caller-values.ts";
import { compileFilter, type RecordMatcher } from "../filter/compile-filter.ts";
import type { ParsedFilter } from "../filter/filter.ts";
import type { ObjectMetadata, RecordEvent, RecordMessage } from "../pubsub/message.ts";
import { objectAccess } from "./object-access.ts";
import { type ObjectView, objectView } from "./object-view.ts";
import type { PermissionRules, Role } from "./snapshot.ts";
import type { Viewer } from "./viewer.ts";

/** What callers of these roles may see, each event judged once for all of them. */
export function roleViewer(
  key: string,
  roles: readonly Role[],
  caller: Caller,
  fieldTypes: PermissionRules["fieldTypes"],
): Viewer {
  const matchers = new Map<ParsedFilter, RecordMatcher>();
  const views = new WeakMap<RecordMessage, { readonly view: ObjectView | undefined }>();
  const seen = new WeakMap<RecordEvent, { readonly event: RecordEvent | undefined }>();
  const typesOf = (objectNameSingular: string) => fieldTypes.get(objectNameSingular) ?? {};

  function matcherOf(filter: ParsedFilter): RecordMatcher {
    const matcher = matchers.get(filter) ?? compileFilter(bindCaller(filter, caller));
    matchers.set(filter, matcher);
    return matcher;
  }

  function makeView(
    objectNameSingular: string,
    action?: RecordMessage["action"],
    metadata?: ObjectMetadata,
  ): ObjectView | undefined {
    const access = objectAccess(roles, objectNameSingular);
    if (access === undefined) return undefined;
    const { restrictedFields, rowFilters } = access;
    const rules = { restrictedFields, rowFilters: rowFilters.map(matcherOf), fieldTypes: typesOf(objectNameSingular) };
    return objectView(rules, action, metadata);
  }

  function viewOf(message: RecordMessage): ObjectView | undefined {
    const { objectNameSingular, action, objectMetadata } = message;
    const known = views.get(message) ?? { view: makeView(objectNameSingular, action, objectMetadata) };
    views.set(message, known);
    return known.view;
  }

  return {
    key,
    see(message, event) {
      const known = seen.get(event) ?? { event: viewOf(message)?.see(event) };
      seen.set(event, known);
      return known.event;
    },
    seeRecord: (objectNameSingular, record) => makeView(objectNameSingular)?.seeRecord(record),
    hides: (message, field) => viewOf(message)?.hides(field) ?? true,
    fieldTypesOf: typesOf,
    hasFlag: (flag) => roles.length > 0 && roles.every(({ flags }) => flags.has(flag)),
  };
}
