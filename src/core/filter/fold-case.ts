const PAGE_SIZE = 256;
const PAGES = 0x110000 / PAGE_SIZE;

/**
 * The code point that stands for a code point and its other cases: one for one, so that a text keeps its length. It is
 * what a regular expression with the flags `iu` compares.
 */
export function foldCase(codePoint: number): number {
  if (codePoint < 0x80) return codePoint >= 0x41 && codePoint <= 0x5a ? codePoint + 0x20 : codePoint;
  const index = codePoint >> 8;
  const page = pages[index] ?? makePage(index);
  return page.length === 0 ? codePoint : (page[codePoint & 0xff] ?? codePoint);
}

/** Made when a text first needs them, as most of Unicode has no cases. A page without any is empty. */
const pages = new Array<Uint32Array | undefined>(PAGES);
const NO_CASES = new Uint32Array(0);

function makePage(index: number): Uint32Array {
  const first = index * PAGE_SIZE;
  const folded = Uint32Array.from({ length: PAGE_SIZE }, (_, i) => foldOne(first + i));
  const page = folded.every((codePoint, i) => codePoint === first + i) ? NO_CASES : folded;
  pages[index] = page;
  return page;
}

/** By way of the upper case, which brings together what has several lower cases, as the two small sigmas. */
function foldOne(codePoint: number): number {
  const exception = EXCEPTIONS.get(codePoint);
  if (exception !== undefined) return exception;
  const upper = onlyCodePoint(String.fromCodePoint(codePoint).toUpperCase()) ?? codePoint;
  return onlyCodePoint(String.fromCodePoint(upper).toLowerCase()) ?? upper;
}

/** The dotless i, whose upper case is that of i, and three whose upper cases are longer than they are. */
const EXCEPTIONS: ReadonlyMap<number, number> = new Map([
  [0x131, 0x131],
  [0x1fd3, 0x390],
  [0x1fe3, 0x3b0],
  [0xfb05, 0xfb06],
]);

function onlyCodePoint(text: string): number | undefined {
  const codePoint = text.codePointAt(0);
  return codePoint !== undefined && String.fromCodePoint(codePoint) === text ? codePoint : undefined;
}
