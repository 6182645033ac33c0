import type { FieldMetadata } from "../../../src/core/pubsub/message.ts";
import { referenceLike } from "./reference-like.ts";

type Json = Record<string, unknown>;

export interface ReferenceOptions {
  /** All fields of the object; without them types are inferred. */
  readonly fields?: readonly FieldMetadata[];
  readonly includesDeleted?: boolean;
}

/**
 * Twenty's matcher as slowly and plainly as it can be said: straight from docs/filters.md, over the JSON of a filter that
 * is not wrong in itself, throwing where Twenty throws. It shares no code with the gateway.
 */
export function referenceMatch(filter: Json, record: Json, options: ReferenceOptions = {}): boolean | "error" {
  try {
    return matches(filter, record, options);
  } catch (error) {
    if (error instanceof Thrown) return "error";
    throw error;
  }
}

class Thrown extends Error {}

function fail(): never {
  throw new Thrown();
}

function matches(filter: Json, record: Json, options: ReferenceOptions): boolean {
  const keys = Object.keys(filter);
  if (keys.length > 1) return keys.every((key) => matches({ [key]: filter[key] }, record, options));
  const [key] = keys;
  if (key === "and") return (filter.and as Json[]).every((one) => matches(one, record, options));
  if (key === "or") {
    const { or } = filter;
    if (!Array.isArray(or)) return matches(or as Json, record, options);
    return or.length === 0 || or.some((one) => matches(one, record, options));
  }
  if (key === "not") {
    const not = filter.not as Json;
    return Object.keys(not).length === 0 || !matches(not, record, options);
  }
  if (!options.includesDeleted && own(record, "deletedAt") != null) return false;
  return key === undefined || matchesField(key, filter[key] as Json, record, options);
}

function matchesField(name: string, asked: Json, record: Json, { fields }: ReferenceOptions): boolean {
  if (Object.keys(asked).length === 0) return true;
  const value = own(record, name);
  const field =
    fields?.find((one) => one.name === name) ??
    fields?.find((one) => isRelation(one.type) && (one.joinColumnName ?? `${one.name}Id`) === name);
  if (field === undefined && fields !== undefined && !Object.hasOwn(record, name)) fail();
  const type = field === undefined ? inferType(asked, value) : field.name === name ? field.type : "UUID";
  const parts = COMPOSITES[type];
  if (parts !== undefined) {
    return Object.entries(asked).every(([part, sub]) => {
      if (OPERATORS.has(part)) return false;
      if (sub == null || Object.keys(sub).length === 0) return true;
      const partType = own(parts, part) as string | undefined;
      if (partType === undefined) return false;
      const partValue = own(value, part);
      return partValue == null ? own(sub, "is") === "NULL" : matchesLeaf(partType, sub as Json, partValue, []);
    });
  }
  if (value == null) return own(asked, "is") === "NULL";
  return matchesLeaf(type, asked, value, field?.options ?? []);
}

/** The operators of each type in the order in which they are looked at. */
const ORDER: Record<string, readonly string[]> = {
  TEXT: ["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is", "startsWith"],
  NUMBER: ["eq", "neq", "gt", "gte", "lt", "lte", "in", "is"],
  amount: ["eq", "neq", "gt", "gte", "lt", "lte", "is"],
  DATE_TIME: ["eq", "neq", "in", "gt", "gte", "lt", "lte", "is"],
  UUID: ["eq", "neq", "in", "is"],
  RELATION: ["eq", "neq", "in", "is"],
  BOOLEAN: ["eq", "is"],
  RATING: ["eq", "in", "is", "gt", "gte", "lt", "lte"],
  SELECT: ["in", "is", "eq", "neq", "gt", "gte", "lt", "lte"],
  currencyCode: ["in", "is"],
  MULTI_SELECT: ["containsAny", "isEmptyArray", "is"],
  ARRAY: ["is", "isEmptyArray", "containsIlike"],
  RAW_JSON: ["like", "ilike", "is"],
  FILES: ["like", "ilike", "is"],
  RICH_TEXT: ["markdown"],
  TS_VECTOR: ["search"],
};

const OPERATORS = new Set(Object.values(ORDER).flat());
OPERATORS.delete("markdown");

const COMPOSITES: Record<string, Record<string, string>> = {
  FULL_NAME: { firstName: "TEXT", lastName: "TEXT" },
  ADDRESS: {
    ...Object.fromEntries(
      ["Street1", "Street2", "City", "State", "Country", "Postcode"].map((part) => [`address${part}`, "TEXT"]),
    ),
    addressLat: "NUMBER",
    addressLng: "NUMBER",
  },
  LINKS: { primaryLinkUrl: "TEXT", primaryLinkLabel: "TEXT", secondaryLinks: "RAW_JSON" },
  LINK: { url: "TEXT", label: "TEXT" },
  ACTOR: { name: "TEXT", source: "SELECT", workspaceMemberId: "UUID", context: "RAW_JSON" },
  EMAILS: { primaryEmail: "TEXT", additionalEmails: "RAW_JSON" },
  PHONES: {
    primaryPhoneNumber: "TEXT",
    primaryPhoneCountryCode: "TEXT",
    primaryPhoneCallingCode: "TEXT",
    additionalPhones: "RAW_JSON",
  },
  CURRENCY: { amountMicros: "amount", currencyCode: "currencyCode" },
};
COMPOSITES.anyComposite = Object.assign({}, ...Object.values(COMPOSITES));

const SAME_AS: Record<string, string> = {
  NUMERIC: "NUMBER",
  DATE: "DATE_TIME",
  MORPH_RELATION: "RELATION",
  RICH_TEXT_V2: "RICH_TEXT",
};

function matchesLeaf(givenType: string, asked: Json, givenValue: unknown, options: readonly unknown[]): boolean {
  const type = SAME_AS[givenType] ?? givenType;
  const order = ORDER[type] ?? fail();
  if (type === "DATE_TIME" && asked.is === "NULL") return false;
  const operator = order.find((one) => asked[one] !== undefined) ?? fail();
  const operand = asked[operator];
  const value = type === "RELATION" ? own(givenValue, "id") : givenValue;
  if (value == null) return asked.is === "NULL";
  if (operator === "is") {
    if (type === "FILES") return (Array.isArray(value) && value.length === 0) === (operand === "NULL");
    return operand === "NOT_NULL";
  }
  if (type === "DATE_TIME") return matchesDate(operator, operand, value);
  switch (operator) {
    case "eq":
      return value === operand;
    case "neq":
      return value !== operand;
    case "in":
      return (operand as unknown[]).includes(value);
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return isOrdered(operator, comparable(type, value, options), comparable(type, operand, options));
    case "like":
    case "ilike": {
      const pattern = operand as string;
      if (type === "TEXT") return referenceLike(pattern, asText(value), operator === "ilike");
      if (/(?<!\\)(\\\\)*\\$/.test(pattern)) fail();
      return referenceLike(pattern, referenceJsonb(value), operator === "ilike");
    }
    case "startsWith":
      return asText(value).indexOf(operand as string) === 0;
    case "containsAny":
      return Array.isArray(value) && (operand as unknown[]).some((one) => value.includes(one));
    case "isEmptyArray":
      return Array.isArray(value) && value.length === 0;
    case "containsIlike":
      return Array.isArray(value) && value.some((item) => contains(asText(item), operand as string));
    case "search":
      return (operand as string).split(/\s/).every((word) => contains(asText(value), word));
    case "markdown": {
      const pattern = own(operand, "ilike");
      if (typeof pattern !== "string") fail();
      const markdown = own(value, "markdown");
      if (markdown === null) return false;
      return referenceLike(pattern, asText(markdown === undefined ? value : markdown), true);
    }
    default:
      return fail();
  }
}

function matchesDate(operator: string, operand: unknown, value: unknown): boolean {
  const instant = instantOf(value);
  if (instant === undefined) return false;
  if (operator === "in") return (operand as unknown[]).some((one) => instantOf(one) === instant);
  const other = instantOf(operand);
  if (other === undefined) return false;
  if (operator === "eq") return instant === other;
  if (operator === "neq") return instant !== other;
  return isOrdered(operator, instant, other);
}

export function instantOf(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(value)) return undefined;
  const instant = Date.parse(/T.*(Z|[+-]..:..)$|^.{10}$/.test(value) ? value : `${value}Z`);
  return Number.isNaN(instant) ? undefined : instant;
}

function isOrdered(operator: string, left: number | string, right: number | string): boolean {
  if (operator === "gt") return left > right;
  if (operator === "gte") return left >= right;
  if (operator === "lt") return left < right;
  return left <= right;
}

function comparable(type: string, value: unknown, options: readonly unknown[]): number | string {
  if (type === "TEXT") return asText(value);
  return type === "SELECT" || type === "RATING" ? positionOf(value, options) : asNumber(value);
}

function positionOf(value: unknown, options: readonly unknown[]): number {
  return (
    (options.find((option) => own(option, "value") === value) as { position: number } | undefined)?.position ?? NaN
  );
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : fail();
}

function asNumber(value: unknown): number {
  if (typeof value === "string" && /\S/.test(value)) return Number(value);
  return typeof value === "number" ? value : NaN;
}

function contains(text: string, word: string): boolean {
  const chars = [...text];
  const count = [...word].length;
  const escaped = word.replace(/[%_\\]/g, "\\$&");
  return [...chars, ""].some((_, start) => referenceLike(escaped, chars.slice(start, start + count).join(""), true));
}

/** As PostgreSQL prints it, for what the tests hold: no number with an exponent. */
export function referenceJsonb(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(referenceJsonb).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).map((key) => Buffer.from(key));
  keys.sort((left, right) => left.length - right.length || Buffer.compare(left, right));
  return `{${keys.map((key) => `${JSON.stringify(`${key}`)}: ${referenceJsonb(own(value, `${key}`))}`).join(", ")}}`;
}

function inferType(asked: Json, value: unknown): string {
  const has = (...operators: string[]) => operators.some((one) => Object.hasOwn(asked, one));
  const subFields = Object.keys(asked).filter((key) => !OPERATORS.has(key));
  if (subFields.length > 0) {
    return subFields.includes("markdown") || subFields.includes("blocknote") ? "RICH_TEXT" : "anyComposite";
  }
  if (typeof value === "number") return "NUMBER";
  if (typeof value === "boolean") return "BOOLEAN";
  if (Array.isArray(value)) {
    if (has("containsAny")) return "MULTI_SELECT";
    return has("like", "ilike") ? "RAW_JSON" : "ARRAY";
  }
  if (typeof value === "object" && value !== null) return has("like", "ilike") ? "RAW_JSON" : "RELATION";
  if (has("search")) return "TS_VECTOR";
  const compared = ["eq", "neq", "in", "gt", "gte", "lt", "lte"].filter((one) => has(one)).flatMap((one) => asked[one]);
  const areDates = [value, ...compared].every((one) => instantOf(one) !== undefined);
  return areDates && compared.length > 0 ? "DATE_TIME" : "TEXT";
}

function isRelation(type: string): boolean {
  return type === "RELATION" || type === "MORPH_RELATION";
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, key))
    return undefined;
  return (value as Json)[key];
}
