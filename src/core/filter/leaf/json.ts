import { compileIlike, compileLike, endsInEscape, type TextTest } from "../like-pattern.ts";
import { fails, firstOf, isNotNull, type LeafTest, type MakeTest, withString } from "./leaf-test.ts";

const like = withString((pattern) => (endsInEscape(pattern) ? fails : overJsonb(compileLike(pattern))));
const ilike = withString((pattern) => (endsInEscape(pattern) ? fails : overJsonb(compileIlike(pattern))));

/** Any JSON, as the text that PostgreSQL makes of it. */
export const rawJsonLeaf = firstOf(["like", like], ["ilike", ilike], ["is", isNotNull]);

/** A list of files: none is as good as null. */
export const filesLeaf = firstOf(["like", like], ["ilike", ilike], ["is", isNullOrEmpty]);

function isNullOrEmpty(operand: Parameters<MakeTest>[0]): LeafTest {
  const wantsNull = operand === "NULL";
  return (value) => (Array.isArray(value) && value.length === 0) === wantsNull;
}

function overJsonb(test: TextTest): LeafTest {
  return (value, _options, print) => {
    const text = print(value);
    return text === undefined ? "error" : test(text);
  };
}
