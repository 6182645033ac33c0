import { isJsonObject, type JsonObject } from "../json.ts";
import type { FieldKind } from "./field-kinds.ts";
import type { FieldTypes } from "./field-types.ts";
import type { Condition, Operators } from "./filter.ts";
import { compileInference } from "./infer-kind.ts";
import type { PrintJsonb } from "./jsonb-text.ts";
import { fails, type Leaf, type LeafTest, never, type Verdict } from "./leaf/leaf-test.ts";
import { richTextLeaf } from "./leaf/rich-text.ts";

/** Prepares a condition. Its test for a kind of field is made when a record first shows that kind. */
export function compileCondition(
  condition: Condition,
): (record: JsonObject, fieldTypes: FieldTypes, print: PrintJsonb) => Verdict {
  const { field, operators, subFields } = condition;
  if (operators.size === 0 && subFields.size === 0) return () => true;
  const inferKind = compileInference(condition);
  const tests = new Map<FieldKind, LeafTest>();
  return (record, { types, isComplete }, print) => {
    const type = types.get(field);
    const isThere = Object.hasOwn(record, field);
    if (type === undefined && isComplete && !isThere) return "error";
    const value = isThere ? record[field] : undefined;
    const kind = type?.kind ?? inferKind(value);
    let test = tests.get(kind);
    if (test === undefined) {
      test = compileKind(kind, condition);
      tests.set(kind, test);
    }
    return test(value, type?.options, print);
  };
}

function compileKind(kind: FieldKind, { operators, subFields }: Condition): LeafTest {
  switch (kind.kind) {
    case "leaf":
      return orNull(kind.leaf(operators), operators);
    case "richText":
      return orNull(richTextLeaf(subFields), operators);
    case "composite":
      // An operator in place of a part is a part that the type does not have.
      return operators.size > 0 ? never : compileParts(kind.parts, subFields);
    case "unsupported":
      return orNull(fails, operators);
  }
}

/** Null, or no value at all, matches `is: NULL` and nothing else. */
function orNull(test: LeafTest, operators: Operators): LeafTest {
  const matchesNull = operators.get("is") === "NULL";
  return (value, options, print) => (value == null ? matchesNull : test(value, options, print));
}

/** All parts that are asked for; those of a composite that is null are null. */
function compileParts(parts: ReadonlyMap<string, Leaf>, subFields: Condition["subFields"]): LeafTest {
  const tests = Array.from(subFields)
    .filter(([, operators]) => operators.size > 0)
    .map(([name, operators]) => {
      const leaf = parts.get(name);
      return { name, test: leaf === undefined ? never : orNull(leaf(operators), operators) };
    });
  return (value, _options, print) => {
    for (const { name, test } of tests) {
      const verdict = test(isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : null, undefined, print);
      if (verdict !== true) return verdict;
    }
    return true;
  };
}
