import { isJsonObject } from "../../json.ts";
import { differs, equals, fails, firstOf, isIn, isNotNull, type Leaf } from "./leaf-test.ts";

/** UUIDs, as they are written. */
export const uuidLeaf = firstOf(["eq", equals], ["neq", differs], ["in", isIn], ["is", isNotNull]);

export const booleanLeaf = firstOf(["eq", equals], ["is", isNotNull]);

/** A related record, by its id. One without an id is none. */
export const relationLeaf: Leaf = (operators) => {
  const test = uuidLeaf(operators);
  if (test === fails) return fails;
  const isNull = operators.get("is") === "NULL";
  return (value, options, print) => {
    const id = isJsonObject(value) && Object.hasOwn(value, "id") ? value.id : null;
    return id == null ? isNull : test(id, options, print);
  };
};
