import fc from "fast-check";

/** Of one to four bytes in UTF-8, and those that mean something to JSON, GraphQL or an index. */
const telling = fc.constantFrom(...'a"\\{}[]:* \n\0\u007f\u0080éÿĀ߿ࠀ漢\u2028\uffff🚰');
const anyCodePoint = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((codePoint) => String.fromCodePoint(codePoint));

/** Any well-formed text. fast-check's own unit "binary" takes more than a second to set up. */
export function anyText(maxLength = 30): fc.Arbitrary<string> {
  return fc.string({ unit: fc.oneof(telling, anyCodePoint), maxLength });
}
