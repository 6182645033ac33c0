/**
 * Every event carries a number that all its frames hold at the same place, in a form that is cheap to find and does not
 * change their size.
 */
const DIGITS = 10;
const MARK = "#";

/** Stands in a template where the number goes. */
export const SEQUENCE_PLACEHOLDER = MARK + "0".repeat(DIGITS) + MARK;

const PATTERN = new RegExp(`${MARK}\\d{${DIGITS}}${MARK}`, "g");

/** Writes a number wherever a template, or a text made from one, has one. */
export function withSequence(template: string, sequence: number): string {
  return template.replaceAll(PATTERN, MARK + String(sequence).padStart(DIGITS, "0") + MARK);
}

/** Where the digits begin. */
export function findSequence(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString("latin1", start, end);
  const at = text.search(PATTERN);
  if (at === -1) throw new Error(`A message has no sequence number: ${text}`);
  return start + at + MARK.length;
}

export function readSequence(bytes: Buffer, at: number): number {
  let sequence = 0;
  for (let i = at; i < at + DIGITS; i++) sequence = sequence * 10 + ((bytes[i] ?? 0) - 48);
  return sequence;
}
