/** The size of a text in UTF-8, in bytes. */
export function utf8Size(text: string): number {
  // The engine looks for the first one several times as fast as we do, and in most texts there is none.
  const first = text.search(NOT_ASCII);
  let size = text.length;
  if (first === -1) return size;
  for (let i = first; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) size += 1;
    else if (isPair(unit, text.charCodeAt(i + 1))) {
      // Two units, four bytes.
      size += 2;
      i++;
    } else size += 2;
  }
  return size;
}

const NOT_ASCII = /[^\0-\x7f]/;

/** Half a pair alone is written as the three bytes of U+FFFD. */
function isPair(high: number, low: number): boolean {
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

/** Whether a text is larger than `bytes` in UTF-8, without counting where its length already tells. */
export function isLargerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && utf8Size(text) > bytes;
}
