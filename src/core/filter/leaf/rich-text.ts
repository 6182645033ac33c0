import { isJsonObject } from "../../json.ts";
import type { Operators } from "../filter.ts";
import { compileIlike } from "../like-pattern.ts";
import { fails, type LeafTest, overStrings } from "./leaf-test.ts";

/** Formatted text: only its Markdown is matched, and only by `ilike`. It stands in the record alone or as `markdown`. */
export function richTextLeaf(subFields: ReadonlyMap<string, Operators>): LeafTest {
  const pattern = subFields.get("markdown")?.get("ilike");
  if (typeof pattern !== "string") return fails;
  const test = overStrings(compileIlike(pattern));
  return (value, options, print) => {
    const text = isJsonObject(value) && Object.hasOwn(value, "markdown") ? value.markdown : value;
    return text === null ? false : test(text, options, print);
  };
}
