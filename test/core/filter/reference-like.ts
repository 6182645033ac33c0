/** `LIKE` of SQL as its definition says it, by trying everything: exponential, and for short texts only. */
export function referenceLike(pattern: string, text: string, ignoreCase: boolean): boolean {
  return matches([...pattern], [...text], ignoreCase);
}

function matches(pattern: readonly string[], text: readonly string[], ignoreCase: boolean): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === "%") return [...text, ""].some((_, skipped) => matches(rest, text.slice(skipped), ignoreCase));
  const [char, ...others] = text;
  if (char === undefined) return false;
  if (first === "_") return matches(rest, others, ignoreCase);
  const [literal = first, ...behind] = first === "\\" ? rest : pattern;
  return isSame(literal, char, ignoreCase) && matches(behind, others, ignoreCase);
}

/** By the case folding of regular expressions. */
export function isSame(left: string, right: string, ignoreCase: boolean): boolean {
  if (left === right || !ignoreCase) return left === right;
  return new RegExp(`^\\u{${left.codePointAt(0)?.toString(16)}}$`, "iu").test(right);
}
