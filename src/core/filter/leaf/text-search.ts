import { compileContains } from "../like-pattern.ts";
import { splitWords } from "../words.ts";
import { firstOf, type LeafTest, overStrings, withString } from "./leaf-test.ts";

/** A text prepared for search: every word of the search is somewhere in it, without regard to case. */
export const tsVectorLeaf = firstOf(["search", withString(search)]);

function search(words: string): LeafTest {
  const tests = splitWords(words).map(compileContains);
  return overStrings((text) => tests.every((test) => test(text)));
}
