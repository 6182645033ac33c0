import { compileContains } from "../like-pattern.ts";
import { firstOf, isNotNull, type LeafTest, withString } from "./leaf-test.ts";
import { isEmptyArray } from "./select.ts";

/** A list of texts. */
export const arrayLeaf = firstOf(
  ["is", isNotNull],
  ["isEmptyArray", isEmptyArray],
  ["containsIlike", withString(containsIlike)],
);

/** An item that is no text is an error, unless one before it matches. */
function containsIlike(word: string): LeafTest {
  const isIn = compileContains(word);
  return (value) => {
    if (!Array.isArray(value)) return false;
    for (const item of value) {
      if (typeof item !== "string") return "error";
      if (isIn(item)) return true;
    }
    return false;
  };
}
