import { dateLeaf } from "./leaf/date.ts";
import { booleanLeaf, relationLeaf, uuidLeaf } from "./leaf/identity.ts";
import { filesLeaf, rawJsonLeaf } from "./leaf/json.ts";
import type { Leaf } from "./leaf/leaf-test.ts";
import { arrayLeaf } from "./leaf/list.ts";
import { amountLeaf, numberLeaf } from "./leaf/number.ts";
import { currencyCodeLeaf, multiSelectLeaf, ratingLeaf, selectLeaf } from "./leaf/select.ts";
import { stringLeaf } from "./leaf/string.ts";
import { tsVectorLeaf } from "./leaf/text-search.ts";

/** How a field is matched: as a whole, by its parts, as formatted text, or not at all. */
export type FieldKind =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | { readonly kind: "composite"; readonly parts: ReadonlyMap<string, Leaf> }
  | { readonly kind: "richText" }
  | { readonly kind: "unsupported" };

const leaf = (of: Leaf): FieldKind => ({ kind: "leaf", leaf: of });
const composite = (parts: Iterable<readonly [string, Leaf]>): FieldKind => ({
  kind: "composite",
  parts: new Map(parts),
});

export const TEXT = leaf(stringLeaf);
export const NUMBER = leaf(numberLeaf);
export const DATE = leaf(dateLeaf);
export const UUID = leaf(uuidLeaf);
export const BOOLEAN = leaf(booleanLeaf);
export const MULTI_SELECT = leaf(multiSelectLeaf);
export const ARRAY = leaf(arrayLeaf);
export const RAW_JSON = leaf(rawJsonLeaf);
export const RELATION = leaf(relationLeaf);
export const TS_VECTOR = leaf(tsVectorLeaf);
export const RICH_TEXT: FieldKind = { kind: "richText" };

const COMPOSITES: Readonly<Record<string, Readonly<Record<string, Leaf>>>> = {
  FULL_NAME: { firstName: stringLeaf, lastName: stringLeaf },
  ADDRESS: {
    addressStreet1: stringLeaf,
    addressStreet2: stringLeaf,
    addressCity: stringLeaf,
    addressState: stringLeaf,
    addressCountry: stringLeaf,
    addressPostcode: stringLeaf,
    addressLat: numberLeaf,
    addressLng: numberLeaf,
  },
  LINKS: { primaryLinkUrl: stringLeaf, primaryLinkLabel: stringLeaf, secondaryLinks: rawJsonLeaf },
  LINK: { url: stringLeaf, label: stringLeaf },
  ACTOR: { source: selectLeaf, name: stringLeaf, workspaceMemberId: uuidLeaf, context: rawJsonLeaf },
  EMAILS: { primaryEmail: stringLeaf, additionalEmails: rawJsonLeaf },
  PHONES: {
    primaryPhoneNumber: stringLeaf,
    primaryPhoneCountryCode: stringLeaf,
    primaryPhoneCallingCode: stringLeaf,
    additionalPhones: rawJsonLeaf,
  },
  CURRENCY: { amountMicros: amountLeaf, currencyCode: currencyCodeLeaf },
};

/** All composite types as one: no two share the name of a part with another type. For fields of an unknown type. */
export const ANY_COMPOSITE = composite(Object.values(COMPOSITES).flatMap((parts) => Object.entries(parts)));

const UNSUPPORTED: FieldKind = { kind: "unsupported" };

const KINDS: ReadonlyMap<string, FieldKind> = new Map([
  ...Object.entries(COMPOSITES).map(([type, parts]) => [type, composite(Object.entries(parts))] as const),
  ["TEXT", TEXT],
  ["NUMBER", NUMBER],
  ["NUMERIC", NUMBER],
  ["DATE", DATE],
  ["DATE_TIME", DATE],
  ["UUID", UUID],
  ["BOOLEAN", BOOLEAN],
  ["RATING", leaf(ratingLeaf)],
  ["SELECT", leaf(selectLeaf)],
  ["MULTI_SELECT", MULTI_SELECT],
  ["ARRAY", ARRAY],
  ["RAW_JSON", RAW_JSON],
  ["FILES", leaf(filesLeaf)],
  ["RELATION", RELATION],
  ["MORPH_RELATION", RELATION],
  ["TS_VECTOR", TS_VECTOR],
  ["RICH_TEXT", RICH_TEXT],
  ["RICH_TEXT_V2", RICH_TEXT],
]);

/** The kind of one of Twenty's `FieldMetadataType`s; a condition on another type is an error. */
export function kindOfType(type: string): FieldKind {
  return KINDS.get(type) ?? UNSUPPORTED;
}
