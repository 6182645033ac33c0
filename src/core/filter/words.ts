/** The words of a text search. */
export function splitWords(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
